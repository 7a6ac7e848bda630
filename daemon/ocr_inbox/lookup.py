"""Which document a person means by a path, an object, the number of a job, or a key."""

import os
from dataclasses import dataclass
from urllib.parse import unquote, unquote_to_bytes

from ocr_inbox.chronicle import Chronicle
from ocr_inbox.errors import UnknownJobError
from ocr_inbox.settings import Settings
from ocr_inbox.whereabouts import S3, moved_from, names_of, whereabouts

_FILE = "file://"


@dataclass(frozen=True, slots=True, kw_only=True)
class Meant:
    """A document in all its versions, and why its inbox leaves it alone, as far as its place and name tell."""

    inbox: str
    key: str
    ignored: str | None = None


def meant_by(settings: Settings, chronicle: Chronicle, asked: str, inbox: str | None = None) -> Meant:
    """The document; `inbox` says which one's, where a key alone would not do.

    Raises UnknownJobError where nobody can tell, with what to ask instead.
    """
    if inbox is not None:
        return Meant(inbox=inbox, key=asked)
    if asked.isdecimal():
        document = chronicle.job(int(asked)).document
        return Meant(inbox=document.inbox, key=document.key)
    if asked.startswith(_FILE):
        asked = os.fsdecode(unquote_to_bytes(asked.removeprefix(_FILE)))
    found = _object(settings, chronicle, asked) if asked.startswith(S3) else _file(settings, chronicle, asked)
    if found is None:
        raise UnknownJobError(
            f"cannot explain {asked}: it lies in no inbox (these are {names_of(settings)}), and no job has such a key; "
            "name a file, an s3://bucket/key, or the number or the key of a job, as `ocr-inbox jobs` shows them"
        )
    return found


def _object(settings: Settings, chronicle: Chronicle, uri: str) -> Meant | None:
    """Sidecars and the like say its key percent-encoded; a person may have it as it is."""
    spellings = [_placed(settings, uri), _placed(settings, unquote(uri))]
    known = (meant for meant in spellings if meant and chronicle.knows(meant.inbox, meant.key))
    return next(known, spellings[0])


def _file(settings: Settings, chronicle: Chronicle, asked: str) -> Meant | None:
    """What is meant for a key looks like a path too, within the folder of an inbox."""
    meant = _moved(settings, chronicle, asked) or _placed(settings, asked)
    if meant and (chronicle.knows(meant.inbox, meant.key) or os.path.lexists(asked)):
        return meant
    return _keyed(chronicle, asked) or meant


def _moved(settings: Settings, chronicle: Chronicle, path: str) -> Meant | None:
    found = moved_from(settings, path)
    if found is None or not chronicle.knows(found.inbox.name, found.key):
        return None
    return Meant(inbox=found.inbox.name, key=found.key)


def _placed(settings: Settings, asked: str) -> Meant | None:
    found = whereabouts(settings, asked)
    return Meant(inbox=found.inbox.name, key=found.key, ignored=found.ignored) if found else None


def _keyed(chronicle: Chronicle, key: str) -> Meant | None:
    """A key, or an inbox and a key, as `jobs` shows them."""
    inbox, _, rest = key.partition("/")
    if chronicle.knows(inbox, rest):
        return Meant(inbox=inbox, key=rest)
    places = chronicle.places(key)
    if len(places) > 1:
        raise UnknownJobError(
            f"cannot explain {key}: it is a key in the inboxes {' and '.join(places)}; say which one with --inbox"
        )
    return Meant(inbox=places[0], key=key) if places else None
