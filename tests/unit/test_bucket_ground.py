"""Which objects are documents, and what the objects are called that are left for them."""

import string
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocr_inbox.errors import SourceGoneError
from ocr_inbox.files import NAME_MAX
from ocr_inbox.model import Document, Output
from ocr_inbox.objects import KEY_MAX, ObjectName, ObjectStamp, Store
from ocr_inbox.s3 import BucketOptions, Place
from ocr_inbox.s3.ground import Ground, stamp_of
from ocr_inbox.s3.listing import Listed

OPTIONS = BucketOptions(
    name="scans",
    store=Store(),
    bucket="scans",
    prefix="in/",
    archive=Place(bucket="scans", prefix="in/archive/"),
    failed=Place(bucket="elsewhere", prefix=""),
)
GROUND = Ground(OPTIONS)
STAMP = ObjectStamp(etag="9dd4e461268c8034f5c8564e155c67a6", modified=1_750_000_000, size=6)

_LETTERS = st.sampled_from(string.ascii_letters + " .+%ü文😀\n\\~")
_PARTS = st.text(_LETTERS, min_size=1, max_size=255).filter(lambda part: len(part.encode()) <= NAME_MAX)
KEYS = st.lists(_PARTS, min_size=1, max_size=30).map("/".join).filter(lambda key: len(key.encode()) <= KEY_MAX - 3)


def a_name(key: str, bucket: str = "scans") -> ObjectName:
    return ObjectName(bucket=bucket, key=key)


def document_of(key: str, stamp: ObjectStamp = STAMP) -> Document:
    return GROUND.document(a_name(f"in/{key}"), stamp)


def fits(key: str) -> bool:
    return len(key.encode()) <= KEY_MAX and all(len(part.encode()) <= NAME_MAX for part in key.split("/"))


@pytest.mark.parametrize(
    "key",
    ["in/scan.png", "in/a b+c.png", "in//scan.png", "in/../scan.png", "in/./scan.png", "in/archive", "in/a\nb.png"],
)
def test_an_object_below_the_prefix_is_a_document(key: str) -> None:
    assert GROUND.holds(a_name(key), 1)


@pytest.mark.parametrize(
    "key",
    [
        *("in/", "in/folder/", "out/scan.png", "scan.png", "in/archive/scan.png"),
        *("in/.scan.png", "in/.hidden/scan.png", "in/scan.png.ocr.json", "in/scan.png.OCR.MD", "in/scan.png.part"),
        *("in/.ocr-inbox-probe-1", "in/#recycle/scan.png"),
    ],
)
def test_folder_markers_hidden_objects_and_what_is_ours_are_no_documents(key: str) -> None:
    assert not GROUND.holds(a_name(key), 1)


def test_an_object_without_a_byte_or_in_another_bucket_is_no_document() -> None:
    assert not GROUND.holds(a_name("in/scan.png"), 0)
    assert not GROUND.holds(a_name("in/scan.png", bucket="elsewhere"), 1)


def test_an_object_named_like_the_prefix_itself_is_no_document() -> None:
    ground = Ground(replace(OPTIONS, prefix="in"))
    assert not ground.holds(a_name("in"), 1)
    assert ground.holds(a_name("invoice.png"), 1)


def test_what_was_written_in_the_very_second_that_the_inbox_was_first_watched_is_fresh() -> None:
    """Stores tell whole seconds."""
    ground = Ground(replace(OPTIONS, not_before=STAMP.modified + 0.7))
    fresh, old = Listed(name=a_name("in/b.png"), stamp=STAMP), replace(STAMP, modified=STAMP.modified - 1)
    assert [it.document.key for it in ground.arrivals([fresh, Listed(name=a_name("in/a.png"), stamp=old)])] == ["b.png"]


@given(KEYS)
def test_a_document_knows_its_object_and_has_a_key_that_can_be_printed(key: str) -> None:
    document = document_of(key)
    assert GROUND.object_of(document).key == f"in/{key}"
    assert document.key.isprintable() or all(char.isprintable() or char.isspace() for char in document.key)
    assert "\n" not in document.key
    assert stamp_of(document) == STAMP


@given(KEYS, KEYS)
def test_what_is_left_for_documents_fits_every_store_and_never_collides(one: str, other: str) -> None:
    left = [
        name.key
        for key in {one, other}
        for name in [
            *(GROUND.output(document_of(key), output) for output in Output),
            *GROUND.copies(document_of(key), OPTIONS.archive),
        ]
    ]
    assert [key for key in left if not fits(key)] == []
    assert len(set(left)) == len(left)


def test_a_sidecar_is_called_like_its_document_where_that_is_not_too_long() -> None:
    assert GROUND.output(document_of("a b.png"), Output.JSON) == a_name("in/a b.png.ocr.json")


def test_keys_as_long_as_stores_take_them_that_differ_in_their_last_letters_have_sidecars_of_their_own() -> None:
    one, other = ("/".join(["x" * 200] * 5) + f"/{'y' * 15}{number}" for number in "12")
    assert len(f"in/{one}") == KEY_MAX
    first, second = (GROUND.output(document_of(key), Output.JSON).key for key in (one, other))
    assert first != second
    assert first.endswith(".ocr.json")
    assert len(first) == len(second) == KEY_MAX


def test_a_copy_keeps_its_extension_and_gets_a_mark_where_its_name_is_taken() -> None:
    first, second = GROUND.copies(document_of("text/scan.tar.gz"), OPTIONS.archive)
    assert first == a_name("in/archive/text/scan.tar.gz")
    assert second.key.startswith("in/archive/text/scan.tar~")
    assert second.key.endswith(".gz")
    assert GROUND.copies(document_of("text/scan.tar.gz", replace(STAMP, etag="0")), OPTIONS.archive)[1] != second


def test_a_name_as_long_as_stores_take_it_leaves_room_for_what_is_appended() -> None:
    document = document_of("y" * 251 + ".png")
    assert len(GROUND.copies(document, OPTIONS.archive)[1].key) == len("in/archive/") + NAME_MAX
    assert len(GROUND.output(document, Output.JSON).key) == len("in/") + NAME_MAX


def test_sidecars_may_lie_elsewhere() -> None:
    ground = Ground(replace(OPTIONS, sidecars=Place(bucket="results", prefix="of/scans/")))
    assert ground.output(document_of("a/b.png"), Output.MARKDOWN) == a_name("of/scans/a/b.png.ocr.md", bucket="results")


def test_a_version_that_no_object_had_is_gone() -> None:
    with pytest.raises(SourceGoneError):
        stamp_of(Document(inbox="scans", key="a.png", version="1-1"))


@pytest.mark.parametrize("etag", ["9dd4e461268c8034f5c8564e155c67a6-12", "", 'an "odd" one', "a-b-c"])
def test_a_version_tells_the_stamp_whatever_the_store_calls_it(etag: str) -> None:
    stamp = replace(STAMP, etag=etag)
    assert ObjectStamp.from_version(stamp.version) == stamp
