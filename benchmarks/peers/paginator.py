"""A boto3 paginator that lists what lies below a prefix and prints how many objects that are."""

import json
import sys

import boto3

bucket = sys.argv[1]
client = boto3.client("s3", **json.loads(sys.argv[2]))
print('"ready"', flush=True)
for line in sys.stdin:
    pages = client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=json.loads(line))
    print(sum(len(page.get("Contents", ())) for page in pages), flush=True)
