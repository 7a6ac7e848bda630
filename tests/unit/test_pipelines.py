"""The digest names what changes a sidecar and nothing else; readers are as many as the machine feeds."""

import os
import pickle
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest

from ocr_inbox.model import Output
from ocr_inbox.pipelines import Plan, limits, patience, plans, table_plan, text_options, text_plan
from ocr_inbox.settings import Settings

JSON = (Output.JSON,)
BOTH = (Output.JSON, Output.MARKDOWN)


def _settings(**sections: Any) -> Settings:
    return Settings.model_validate({"state_dir": "/var/lib/ocr-inbox", **sections})


def _text(**keys: Any) -> dict[str, Any]:
    return {"pipelines": {"text": keys}, "models": {"source": "official"}}


def _digest(settings: Settings, outputs: tuple[Output, ...]) -> str:
    return text_plan(settings).habits.digest(outputs)


PLAIN = _digest(_settings(**_text()), JSON)


@pytest.mark.parametrize(
    "decisive",
    [
        _text(model="PP-OCRv6"),
        _text(size="server"),
        _text(engine="paddle"),
        _text(language="german"),
        _text(pdf_text="embedded"),
        _text(pdf_text="auto"),
        _text(line_orientation=False),
        _text(page_orientation=True),
        _text(unwarping=True),
        _text(detection_side=960),
        _text(detection_limit="max"),
        _text(least_score=0.5),
        {**_text(), "limits": {"pdf_dpi": 300}},
    ],
    ids=str,
)
def test_what_changes_the_text_changes_the_digest(decisive: dict[str, Any]) -> None:
    assert _digest(_settings(**decisive), JSON) != PLAIN


@pytest.mark.parametrize(
    "indifferent",
    [
        _text(device="gpu:0"),
        _text(threads=7),
        _text(readers=3),
        _text(batch=8),
        _text(window_pages=9),
        {**_text(), "models": {"source": "official", "folder": "/elsewhere"}},
        {**_text(), "retry": {"attempts": 9}},
        {**_text(), "api": {"port": 1}},
    ],
    ids=str,
)
def test_where_and_how_fast_it_is_read_does_not_change_the_digest(indifferent: dict[str, Any]) -> None:
    assert _digest(_settings(**indifferent), JSON) == PLAIN


def test_the_size_that_is_meant_by_none_has_the_same_digest_as_its_name() -> None:
    assert _digest(_settings(**_text(size="mobile")), JSON) == PLAIN


def test_a_digest_survives_a_restart_and_differs_for_other_outputs() -> None:
    assert _digest(_settings(**_text()), JSON) == PLAIN
    assert _digest(_settings(**_text()), BOTH) != PLAIN


def test_every_choice_of_outputs_has_a_digest_of_its_own() -> None:
    others = [output for output in Output if output is not Output.JSON]
    choices = [(Output.JSON, *choice) for size in range(len(others) + 1) for choice in combinations(others, size)]
    digest = text_plan(_settings()).habits.digest
    assert len({digest(choice) for choice in choices}) == len(choices)


def test_bundled_models_are_looked_for_in_the_cache_and_official_ones_nowhere() -> None:
    assert text_options(_settings(models={"folder": "/models"})).models == Path("/models")
    assert text_options(_settings(**_text())).models is None


def test_limits_and_patience_are_what_the_settings_say() -> None:
    settings = _settings(
        limits={"max_mb": 1.5, "max_megapixels": 0.5, "max_pages": 7, "pdf_dpi": 72},
        retry={"attempts": 4, "first_delay_seconds": 1, "longest_delay_seconds": 2, "put_off_seconds": 3},
    )
    limit, retry = limits(settings), patience(settings)
    assert (limit.max_bytes, limit.max_pixels, limit.max_pages, limit.pdf_dpi) == (1572864, 500_000, 7, 72)
    assert (retry.attempts, retry.first_delay, retry.longest_delay, retry.put_off_delay) == (4, 1.0, 2.0, 3.0)


@pytest.mark.parametrize(
    ("cores", "gigabytes", "readers", "threads"),
    [(1, 64, 1, 1), (2, 64, 1, 2), (8, 64, 4, 2), (64, 256, 8, 2), (16, 4, 1, 2), (16, 16, 2, 2), (4, 1, 1, 2)],
)
def test_readers_are_as_many_as_cores_and_memory_feed(
    monkeypatch: pytest.MonkeyPatch, cores: int, gigabytes: int, readers: int, threads: int
) -> None:
    real, pages = os.sysconf, (gigabytes << 30) // os.sysconf("SC_PAGESIZE")
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: range(cores))
    monkeypatch.setattr(os, "sysconf", lambda name: pages if name == "SC_PHYS_PAGES" else real(name))
    assert (text_plan(_settings()).readers, text_options(_settings()).threads) == (readers, threads)


def test_who_says_how_many_gets_so_many() -> None:
    settings = _settings(pipelines={"text": {"readers": 3, "threads": 5}})
    assert (text_plan(settings).readers, text_options(settings).threads) == (3, 5)


@pytest.mark.parametrize("plan", plans(_settings()), ids=lambda plan: plan.family)
def test_a_readers_engine_can_be_sent_to_its_process(plan: Plan) -> None:
    pickle.loads(pickle.dumps(plan.open_engine))  # noqa: S301 - our own


def test_readers_are_kept_as_the_settings_say() -> None:
    readers = text_plan(_settings(pipelines={"text": {"most_rss_mb": 512, "page_seconds": 9}})).process_readers(2)
    assert (readers.count, readers.care.most_rss, readers.care.page_seconds) == (2, 512 << 20, 9.0)
    assert readers.device() is None


@pytest.mark.parametrize(("model", "family"), [("PP-OCRv5", "ocrv5"), ("PP-OCRv6", "ocrv6")])
def test_the_family_is_the_word_of_the_wire(model: str, family: str) -> None:
    assert text_plan(_settings(pipelines={"text": {"model": model}})).family == family


def test_a_pipeline_that_is_switched_off_has_no_plan() -> None:
    assert [plan.family for plan in plans(_settings(pipelines={"table": {"enabled": False}}))] == ["ocrv5", "vl"]


def test_the_same_settings_in_another_pipeline_are_another_configuration() -> None:
    assert table_plan(_settings()).habits.digest(JSON) != text_plan(_settings()).habits.digest(JSON)


def test_only_the_text_engine_is_loaded_before_there_is_a_document() -> None:
    assert {plan.family: plan.habits.eager for plan in plans(_settings())} == {
        "ocrv5": True,
        "structure": False,
        "vl": False,
    }


def test_official_models_are_nothing_to_pull() -> None:
    assert [plan.models for plan in plans(_settings(models={"source": "official"}))] == [(), (), ()]
