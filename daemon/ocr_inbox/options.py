"""From the settings to the plain values that the constructors of the outside take."""

from dataclasses import replace
from pathlib import Path

from ocr_inbox.errors import ConfigurationError
from ocr_inbox.folder import FolderOptions
from ocr_inbox.model import UPLOADS, PipelineName, Priority
from ocr_inbox.objects import Store
from ocr_inbox.routing import Rule, default_rules
from ocr_inbox.s3 import BucketOptions, Place
from ocr_inbox.settings import BucketSettings, InboxSettings, Settings, split_place
from ocr_inbox_api.parts import ApiOptions


def rules_of(inbox: InboxSettings | BucketSettings, fallback: PipelineName | None = None) -> tuple[Rule, ...]:
    """The inbox's rules, or the ones for newcomers; `fallback` is that of documents whose rule says nothing of one."""
    fallbacks = {"table": PipelineName.TABLE, "none": None, None: fallback}
    if not inbox.rules:
        return tuple(
            replace(rule, fallback=fallback) if rule.pipeline is PipelineName.DOCUMENT else rule
            for rule in default_rules()
        )
    return tuple(
        Rule(
            match=rule.match,
            pipeline=rule.pipeline,
            priority=Priority[rule.priority.upper()],
            outputs=rule.outputs,
            fallback=fallbacks[rule.fallback] if rule.pipeline is PipelineName.DOCUMENT else None,
        )
        for rule in inbox.rules
    )


def document_fallback(settings: Settings) -> PipelineName | None:
    """Who reads documents while the server is away, unless their rule knows better."""
    return PipelineName.TABLE if settings.pipelines.document.fallback == "table" else None


def ledger_path(settings: Settings) -> Path:
    """The ledger's file."""
    return settings.state_dir / "ledger.sqlite"


def uploads_folder(settings: Settings) -> Path:
    """Where uploads wait, and their results are kept."""
    return settings.state_dir / UPLOADS


def folder_options(inbox: InboxSettings) -> FolderOptions:
    """What a folder inbox wants to know."""
    return FolderOptions(
        name=inbox.name,
        root=inbox.folder,
        recursive=inbox.recursive,
        mode=inbox.watch,
        settle_seconds=inbox.settle_seconds,
        reconcile_seconds=inbox.reconcile_seconds,
        poll_seconds=inbox.poll_seconds,
        after=inbox.after,
        archive=inbox.archive_folder,
        after_failure=inbox.after_failure,
        failed=inbox.failed_folder,
    )


def store_of(settings: Settings, bucket: BucketSettings) -> Store:
    """How to get into the store that a bucket lies in; AWS, where none is named."""
    for store in settings.stores:
        if store.name == bucket.store:
            return Store(**store.model_dump(exclude={"name"}))
    return Store()


def bucket_options(settings: Settings, inbox: BucketSettings, not_before: float) -> BucketOptions:
    """What a bucket inbox wants to know; what was last written before `not_before` is left alone."""
    return BucketOptions(
        name=inbox.name,
        store=store_of(settings, inbox),
        bucket=inbox.bucket,
        prefix=inbox.prefix,
        reconcile_seconds=inbox.reconcile_seconds,
        not_before=not_before,
        hears=inbox.events != "none",
        sidecars=_place(inbox.sidecars_to, inbox) if inbox.sidecars_to is not None else None,
        after=inbox.after,
        archive=_place(inbox.archive_to, inbox),
        after_failure=inbox.after_failure,
        failed=_place(inbox.failed_to, inbox),
    )


def _place(place: str, inbox: BucketSettings) -> Place:
    bucket, prefix = split_place(place, inbox.bucket)
    return Place(bucket=bucket, prefix=prefix)


def upload_options(settings: Settings) -> FolderOptions:
    """The built-in inbox of the API: a document is deleted once it is read, whatever came of it."""
    return FolderOptions(
        name=UPLOADS,
        root=uploads_folder(settings),
        after="delete",
        after_failure="leave",
        uri_prefix="upload:",
    )


def api_options(settings: Settings) -> ApiOptions:
    """What the API wants to know."""
    api = settings.api
    return ApiOptions(
        keys=api_keys(settings),
        event_keys=event_keys(settings),
        cors_origins=api.cors_origins,
        max_upload_bytes=int(api.max_upload_mb * (1 << 20)),
        max_batch_files=api.max_batch_files,
        max_batch_bytes=int(api.max_batch_mb * (1 << 20)),
        max_waiting=api.max_waiting,
        timeout_seconds=api.timeout_seconds,
        upload_timeout_seconds=api.upload_timeout_seconds,
        document_fallback=document_fallback(settings),
    )


def api_keys(settings: Settings) -> tuple[str, ...]:
    """The keys of the configuration and of its key file, one a line; raises ConfigurationError."""
    api = settings.api
    if api.key_file is None:
        return api.keys
    return (*api.keys, *_keys_in("api.key_file", api.key_file))


def event_keys(settings: Settings) -> tuple[str, ...]:
    """What stores may say who post events; raises ConfigurationError."""
    file = settings.api.event_key_file
    return _keys_in("api.event_key_file", file) if file else ()


def _keys_in(name: str, file: Path) -> tuple[str, ...]:
    try:
        lines = file.read_text(encoding="utf-8").split()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"cannot read {name} {file}: {error}") from error
    if not lines:
        raise ConfigurationError(f"cannot use {name} {file}: there is no key in it")
    return tuple(lines)
