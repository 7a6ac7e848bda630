"""What real servers sent of an object `in/a b+c.pdf`, and of what else happened there.

As it came, but for line breaks, user agents, and the chunks and times of all but the first of SeaweedFS.
"""

# ruff: noqa: E501 - a text inside JSON cannot be broken

# ministack, S3 to SQS: as AWS sends it, through SNS, through EventBridge

AWS = rb"""{"Records":[{"eventVersion":"2.6","eventSource":"aws:s3","awsRegion":"us-east-1",
"eventTime":"2026-11-23T09:35:14.849Z","eventName":"ObjectCreated:Put","userIdentity":{"principalId":"EXAMPLE"},
"requestParameters":{"sourceIPAddress":"127.0.0.1"},"responseElements":{
"x-amz-request-id":"550d3f15-d354-44b4-bbd0-58a25ec4705d","x-amz-id-2":"EXAMPLE"},"s3":{"s3SchemaVersion":"1.0",
"configurationId":"NWVjMzY3MTctZWM5MC00OWQxLTkxNzEtZTQ0YTY4NWNjZTQx","bucket":{"name":"inbox","ownerIdentity":{
"principalId":"EXAMPLE"},"arn":"arn:aws:s3:::inbox"},"object":{"key":"in/a+b%2Bc.pdf","size":5,
"eTag":"fb0e22c79ac75679e9881e6ba183b354","sequencer":"00000660EE4F9E0422"}}}]}"""

AWS_TEST = rb"""{"Service":"Amazon S3","Event":"s3:TestEvent","Time":"2026-11-23T09:35:14.000Z","Bucket":"inbox",
"RequestId":"79917090-10d8-40b9-9406-3f66b5081fb7","HostId":"b94a3ccb-f3bd-4276-a017-ec10bf8de430"}"""

AWS_REMOVED = rb"""{"Records":[{"eventVersion":"2.6","eventSource":"aws:s3","awsRegion":"us-east-1",
"eventTime":"2026-11-23T09:35:14.934Z","eventName":"ObjectRemoved:Delete","userIdentity":{"principalId":"EXAMPLE"},
"requestParameters":{"sourceIPAddress":"127.0.0.1"},"responseElements":{
"x-amz-request-id":"4c0509c0-968f-4124-96f9-cc272df7dd63","x-amz-id-2":"EXAMPLE"},"s3":{"s3SchemaVersion":"1.0",
"configurationId":"NWVjMzY3MTctZWM5MC00OWQxLTkxNzEtZTQ0YTY4NWNjZTQx","bucket":{"name":"inbox","ownerIdentity":{
"principalId":"EXAMPLE"},"arn":"arn:aws:s3:::inbox"},"object":{"key":"plain.png","size":0,"eTag":"",
"sequencer":"00000660EE4F9E042D"}}}]}"""

SNS = rb"""{"Type":"Notification","MessageId":"78142102-c1fa-49eb-b804-a4a9c28a480d",
"TopicArn":"arn:aws:sns:us-east-1:000000000000:t","Subject":"Amazon S3 Notification",
"Message":"{\"Records\": [{\"eventVersion\": \"2.6\", \"eventSource\": \"aws:s3\", \"awsRegion\": \"us-east-1\", \"eventTime\": \"2026-11-23T09:35:15.332Z\", \"eventName\": \"ObjectCreated:Put\", \"userIdentity\": {\"principalId\": \"EXAMPLE\"}, \"requestParameters\": {\"sourceIPAddress\": \"127.0.0.1\"}, \"responseElements\": {\"x-amz-request-id\": \"8723d3c0-a9ec-4f6a-a0f2-7c361a7d094f\", \"x-amz-id-2\": \"EXAMPLE\"}, \"s3\": {\"s3SchemaVersion\": \"1.0\", \"configurationId\": \"M2ZmYzJlZWItZWY2NS00YzY2LWIwMjUtYWIyNTg3ZGY1OWI1\", \"bucket\": {\"name\": \"inbox2\", \"ownerIdentity\": {\"principalId\": \"EXAMPLE\"}, \"arn\": \"arn:aws:s3:::inbox2\"}, \"object\": {\"key\": \"in/a+b%2Bc.pdf\", \"size\": 5, \"eTag\": \"fb0e22c79ac75679e9881e6ba183b354\", \"sequencer\": \"00000660EE4F9E042F\"}}}]}",
"Timestamp":"2026-11-23T09:35:15.000Z","SignatureVersion":"1","Signature":"FAKE",
"SigningCertURL":"https://sns.us-east-1.amazonaws.com/SimpleNotificationService-fake.pem",
"UnsubscribeURL":"http://localhost:25002/?Action=Unsubscribe&SubscriptionArn=arn:aws:sns:us-east-1:000000000000:example"}"""

SNS_TEST = rb"""{"Type":"Notification","MessageId":"37ae2370-e199-45c9-9b6d-80bf988e5a7f",
"TopicArn":"arn:aws:sns:us-east-1:000000000000:t","Subject":"Amazon S3 Notification",
"Message":"{\"Service\": \"Amazon S3\", \"Event\": \"s3:TestEvent\", \"Time\": \"2026-11-23T09:35:14.000Z\", \"Bucket\": \"inbox2\", \"RequestId\": \"b60b2854-2a2e-46d7-a225-e47b65fb5874\", \"HostId\": \"03b0a33d-5298-4bb2-83ce-671dd3353b9a\"}",
"Timestamp":"2026-11-23T09:35:14.000Z","SignatureVersion":"1","Signature":"FAKE",
"SigningCertURL":"https://sns.us-east-1.amazonaws.com/SimpleNotificationService-fake.pem",
"UnsubscribeURL":"http://localhost:25002/?Action=Unsubscribe&SubscriptionArn=arn:aws:sns:us-east-1:000000000000:example"}"""

EVENT_BRIDGE = rb"""{"version":"0","id":"d9280fcb-8a09-4a06-aef5-204b13734a08","source":"aws.s3","account":"000000000000",
"time":"2026-11-23T09:35:15.761Z","region":"us-east-1","resources":["arn:aws:s3:::inbox3"],
"detail-type":"Object Created","detail":{"version":"0","event-version":"1.0","bucket":{"name":"inbox3"},"object":{
"key":"in/a b+c.pdf","size":5,"etag":"fb0e22c79ac75679e9881e6ba183b354","sequencer":"00000660EE4F9E043C"},
"request-id":"d9280fcb-8a09-4a06-aef5-204b13734a08","requester":"000000000000","source-ip-address":"127.0.0.1",
"reason":"PutObject"}}"""

EVENT_BRIDGE_REMOVED = rb"""{"version":"0","id":"819a7f1e-ef63-4e6e-a575-eed48dfb47d6","source":"aws.s3","account":"000000000000",
"time":"2026-11-23T09:35:15.868Z","region":"us-east-1","resources":["arn:aws:s3:::inbox3"],
"detail-type":"Object Deleted","detail":{"version":"0","event-version":"1.0","bucket":{"name":"inbox3"},"object":{
"key":"plain.png","size":0,"etag":"","sequencer":"00000660EE4F9E0447"},
"request-id":"819a7f1e-ef63-4e6e-a575-eed48dfb47d6","requester":"000000000000","source-ip-address":"127.0.0.1",
"reason":"DeleteObject","deletion-type":"Permanently Deleted"}}"""

# JuiceFS gateway 1.4, which is MinIO at its front: to its webhook, and to those who listen

MINIO_WEBHOOK = rb"""{"EventName":"s3:ObjectCreated:Put","Key":"inbox/in/a b+c.pdf","Records":[{"eventVersion":"2.0",
"eventSource":"minio:s3","awsRegion":"us-east-1","eventTime":"2026-11-23T09:35:11.675Z",
"eventName":"s3:ObjectCreated:Put","userIdentity":{"principalId":"minioroot"},"requestParameters":{
"principalId":"minioroot","region":"us-east-1","sourceIPAddress":"127.0.0.1"},"responseElements":{
"content-length":"0","x-amz-request-id":"18EAA2E658682250","x-minio-origin-endpoint":"http://127.0.0.1:29000"},
"s3":{"s3SchemaVersion":"1.0","configurationId":"Config","bucket":{"name":"inbox","ownerIdentity":{
"principalId":"minioroot"},"arn":"arn:aws:s3:::inbox"},"object":{"key":"in%2Fa+b%2Bc.pdf","size":5,
"eTag":"fb0e22c79ac75679e9881e6ba183b354","userMetadata":{"content-type":"binary/octet-stream"},
"sequencer":"18EAA2E658C0A14E"}},"source":{"host":"127.0.0.1","port":"","userAgent":"Boto3"}}]}"""

MINIO_TAGGED = rb"""{"EventName":"s3:ObjectCreated:PutTagging","Key":"inbox/copied.png","Records":[{"eventVersion":"2.0",
"eventSource":"minio:s3","awsRegion":"us-east-1","eventTime":"2026-11-23T09:35:11.807Z",
"eventName":"s3:ObjectCreated:PutTagging","userIdentity":{"principalId":"minioroot"},"requestParameters":{
"principalId":"minioroot","region":"us-east-1","sourceIPAddress":"127.0.0.1"},"responseElements":{
"content-length":"0","x-amz-request-id":"18EAA2E660817E3A","x-minio-origin-endpoint":"http://127.0.0.1:29000"},
"s3":{"s3SchemaVersion":"1.0","configurationId":"Config","bucket":{"name":"inbox","ownerIdentity":{
"principalId":"minioroot"},"arn":"arn:aws:s3:::inbox"},"object":{"key":"copied.png","size":5,
"eTag":"fb0e22c79ac75679e9881e6ba183b354","contentType":"binary/octet-stream","userMetadata":{
"content-type":"binary/octet-stream"},"sequencer":"18EAA2E66097AE20"}},"source":{"host":"127.0.0.1","port":"",
"userAgent":"Boto3"}}]}"""

MINIO_STREAM = rb"""{"Records":[{"eventVersion":"2.0","eventSource":"minio:s3","awsRegion":"us-east-1",
"eventTime":"2026-11-23T09:35:57.224Z","eventName":"s3:ObjectCreated:Put","userIdentity":{
"principalId":"minioroot"},"requestParameters":{"principalId":"minioroot","region":"us-east-1",
"sourceIPAddress":"127.0.0.1"},"responseElements":{"content-length":"0","x-amz-request-id":"18EAA2F0F32475DD",
"x-minio-origin-endpoint":"http://127.0.0.1:29000"},"s3":{"s3SchemaVersion":"1.0","configurationId":"Config",
"bucket":{"name":"inbox","ownerIdentity":{"principalId":"minioroot"},"arn":"arn:aws:s3:::inbox"},"object":{
"key":"in/a b+c.pdf","size":5,"eTag":"fb0e22c79ac75679e9881e6ba183b354","userMetadata":{
"content-type":"binary/octet-stream"},"sequencer":"18EAA2F0F3A8D075"}},"source":{"host":"127.0.0.1","port":"",
"userAgent":"Boto3"}}]}"""

# Ceph 16.2, whose gateway posts for a topic

CEPH = rb"""{"Records":[{"eventVersion":"2.2","eventSource":"ceph:s3","awsRegion":"",
"eventTime":"2026-11-23T12:53:45.380932Z","eventName":"ObjectCreated:Put","userIdentity":{"principalId":"tests"},
"requestParameters":{"sourceIPAddress":""},"responseElements":{
"x-amz-request-id":"39372f7a-3026-4ff5-8330-11bbed38732e.4109.4118514669686237315","x-amz-id-2":"100d-default-default"},
"s3":{"s3SchemaVersion":"1.0","configurationId":"all","bucket":{"name":"bucket-9d911cea294a","ownerIdentity":{
"principalId":"tests"},"arn":"arn:aws:s3:::bucket-9d911cea294a","id":"39372f7a-3026-4ff5-8330-11bbed38732e.4111.2"},
"object":{"key":"in/a b+c.pdf","size":5,"eTag":"5d41402abc4b2a76b9719d911017c592","versionId":"",
"sequencer":"5937046B8FA90517","metadata":[{"key":"x-amz-checksum-crc32","val":"NhCmhg=="},{
"key":"x-amz-content-sha256","val":"2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"},{
"key":"x-amz-date","val":"20261123T125345Z"},{"key":"x-amz-sdk-checksum-algorithm","val":"CRC32"}],"tags":[]}},
"eventId":"1795438425.386247.5d41402abc4b2a76b9719d911017c592","opaqueData":""}]}"""

CEPH_REMOVED = rb"""{"Records":[{"eventVersion":"2.2","eventSource":"ceph:s3","awsRegion":"",
"eventTime":"2026-11-23T12:53:45.399607Z","eventName":"ObjectRemoved:Delete","userIdentity":{"principalId":"tests"},
"requestParameters":{"sourceIPAddress":""},"responseElements":{
"x-amz-request-id":"39372f7a-3026-4ff5-8330-11bbed38732e.4109.7186840276588218577","x-amz-id-2":"100d-default-default"},
"s3":{"s3SchemaVersion":"1.0","configurationId":"all","bucket":{"name":"bucket-9d911cea294a","ownerIdentity":{
"principalId":"tests"},"arn":"arn:aws:s3:::bucket-9d911cea294a","id":"39372f7a-3026-4ff5-8330-11bbed38732e.4111.2"},
"object":{"key":"in/a b+c.pdf","size":5,"eTag":"5d41402abc4b2a76b9719d911017c592","versionId":"",
"sequencer":"5937046B3A9AD117","metadata":[{"key":"x-amz-content-sha256",
"val":"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},{
"key":"x-amz-date","val":"20261123T125345Z"}],"tags":[]}},
"eventId":"1795438425.399612.5d41402abc4b2a76b9719d911017c592","opaqueData":""}]}"""

# SeaweedFS 4.48, the webhook of its filer

SEAWEEDFS = rb"""{"event_type":"create","key":"/buckets/scans/in/a b+c.pdf","message":{"new_entry":{"name":"a b+c.pdf","chunks":[{
"size":5,"modified_ts_ns":1795427328615636610,"e_tag":"+w4ix5rHVnnpiB5roYOzVA==","fid":{"volume_id":4,"file_key":18,
"cookie":1011637937}}],"attributes":{"file_size":5,"mtime":1795427328,"file_mode":432,"crtime":1795427328,
"mime":"text/plain; charset=utf-8","md5":"+w4ix5rHVnnpiB5roYOzVA==","inode":13171763563424433681,"ctime":1795427328,
"atime":1795427328},"extended":{"Seaweed-X-Amz-ETag":"ZmIwZTIyYzc5YWM3NTY3OWU5ODgxZTZiYTE4M2IzNTQ=",
"Seaweed-X-Amz-Owner":"YWRtaW4=","x-seaweedfs-checksum-algorithm":"WC1BbXotQ2hlY2tzdW0tQ3JjMzI=",
"x-seaweedfs-checksum-value":"UXRIbmVBPT0="}},"delete_chunks":true,"new_parent_path":"/buckets/scans/in",
"signatures":[-455456715]}}"""

SEAWEEDFS_MOVED = rb"""{"event_type":"rename","key":"/buckets/scans/copied.png","message":{"old_entry":{"name":"copied.png","extended":{
"Seaweed-X-Amz-ETag":"ZmIwZTIyYzc5YWM3NTY3OWU5ODgxZTZiYTE4M2IzNTQ=","Seaweed-X-Amz-Owner":"YWRtaW4=",
"X-Amz-Tagging-a":"Yg==","x-seaweedfs-checksum-algorithm":"WC1BbXotQ2hlY2tzdW0tQ3JjMzI=",
"x-seaweedfs-checksum-value":"UXRIbmVBPT0="}},"new_entry":{"name":"moved x.png","extended":{
"Seaweed-X-Amz-ETag":"ZmIwZTIyYzc5YWM3NTY3OWU5ODgxZTZiYTE4M2IzNTQ=","Seaweed-X-Amz-Owner":"YWRtaW4=",
"X-Amz-Tagging-a":"Yg==","x-seaweedfs-checksum-algorithm":"WC1BbXotQ2hlY2tzdW0tQ3JjMzI=",
"x-seaweedfs-checksum-value":"UXRIbmVBPT0="}},"new_parent_path":"/buckets/scans","signatures":[-455456715]}}"""

SEAWEEDFS_VERSIONS = rb"""{"event_type":"update","key":"/buckets/verc/d/plain.png.versions","message":{"old_entry":{
"name":"plain.png.versions","is_directory":true},"new_entry":{"name":"plain.png.versions","is_directory":true,
"extended":{"Seaweed-X-Amz-Latest-Version-ETag":"MGNjMTc1YjljMGYxYjZhODMxYzM5OWUyNjk3NzI2NjE=",
"Seaweed-X-Amz-Latest-Version-File-Name":"dl82NzE1NWM1YjRmMjBiNDE4Yzc4YmY4MTFhMjMxMDhjYw==",
"Seaweed-X-Amz-Latest-Version-Id":"NjcxNTVjNWI0ZjIwYjQxOGM3OGJmODExYTIzMTA4Y2M=",
"Seaweed-X-Amz-Latest-Version-Mtime":"MTc5NTQyNzMyOQ==","Seaweed-X-Amz-Latest-Version-Owner":"YWRtaW4=",
"Seaweed-X-Amz-Latest-Version-Size":"MQ=="}},"new_parent_path":"/buckets/verc/d","signatures":[-455456715]}}"""

SEAWEEDFS_PART = rb"""{"event_type":"create",
"key":"/buckets/scans/.uploads/69e8fa7e439c173e5d89baa4a845591f1f7bac2a_d44a0c4a611b44448a477aa791713f1d/0001_0ac7d4df-f876-4e7b-bfdb-d9541e7b96b1.part",
"message":{"new_entry":{"name":"0001_0ac7d4df-f876-4e7b-bfdb-d9541e7b96b1.part","extended":{
"Seaweed-X-Amz-ETag":"YmMzMWIzZmE4MmUyNjlkMTYzZDRkNmY0NTE4NGUxZDY=","Seaweed-X-Amz-Owner":"YWRtaW4=",
"x-seaweedfs-checksum-algorithm":"WC1BbXotQ2hlY2tzdW0tQ3JjMzI=","x-seaweedfs-checksum-value":"L3c1ZjV3PT0="}},
"delete_chunks":true,
"new_parent_path":"/buckets/scans/.uploads/69e8fa7e439c173e5d89baa4a845591f1f7bac2a_d44a0c4a611b44448a477aa791713f1d",
"signatures":[-455456715]}}"""

SEAWEEDFS_DELETED = rb"""{"event_type":"delete","key":"/buckets/scans/plain.png","message":{"old_entry":{"name":"plain.png","extended":{
"Seaweed-X-Amz-ETag":"MjVlZDFiY2I0MjNiMGI3MjAwZjQ4NWZjNWZmNzFjOGU=","Seaweed-X-Amz-Owner":"YWRtaW4=",
"x-seaweedfs-checksum-algorithm":"WC1BbXotQ2hlY2tzdW0tQ3JjMzI=","x-seaweedfs-checksum-value":"Sk5rYm9RPT0="}},
"delete_chunks":true,"signatures":[-455456715]}}"""

SEAWEEDFS_OWN = rb"""{"event_type":"update","key":"/buckets/.system/owners/admin-A/scans","message":{"old_entry":{"name":"scans"},
"new_entry":{"name":"scans"},"delete_chunks":true,"new_parent_path":"/buckets/.system/owners/admin-A",
"signatures":[-455456715]}}"""

SEAWEEDFS_FOLDER = rb"""{"event_type":"create","key":"/buckets/scans/in","message":{"new_entry":{"name":"in","is_directory":true,
"attributes":{"mtime":1795427328,"file_mode":2147484153,"crtime":1795427328,"inode":3072666430852281360,
"ctime":-62135596800,"mtime_ns":615970001}},"new_parent_path":"/buckets/scans","signatures":[-455456715]}}"""

SEAWEEDFS_VERSION = rb"""{"event_type":"create","key":"/buckets/verc/d/plain.png.versions/v_67155c5b4f20b418c78bf811a23108cc","message":{
"new_entry":{"name":"v_67155c5b4f20b418c78bf811a23108cc","extended":{
"Seaweed-X-Amz-ETag":"MGNjMTc1YjljMGYxYjZhODMxYzM5OWUyNjk3NzI2NjE=","Seaweed-X-Amz-Owner":"YWRtaW4=",
"Seaweed-X-Amz-Version-Id":"NjcxNTVjNWI0ZjIwYjQxOGM3OGJmODExYTIzMTA4Y2M=",
"x-seaweedfs-checksum-algorithm":"WC1BbXotQ2hlY2tzdW0tQ3JjMzI=","x-seaweedfs-checksum-value":"NkxlK1F3PT0="}},
"delete_chunks":true,"new_parent_path":"/buckets/verc/d/plain.png.versions","signatures":[-455456715]}}"""
