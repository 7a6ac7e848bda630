"""A status as people see it: on a board that fits a narrow terminal, or in one line."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from ocr_inbox.chronicle import Queue
from ocr_inbox.model import DrainScope, JobState, Pause
from ocr_inbox.report import Status
from ocr_inbox.times import clock_time, span

_MOST_INBOXES = 8
"""More than that are shown only where there is something to say of them."""
_ENDS = {JobState.DONE: "read", JobState.BURIED: "given up", JobState.SKIPPED: "skipped"}
_DRAINS = {
    DrainScope.HAND: "it drains: it takes nothing new, and ends when it has read what it has in hand",
    DrainScope.QUEUE: "it drains: it takes nothing new, and ends when it has read the queue",
}


def board_of(status: Status) -> Iterator[RenderableType]:
    """What is wrong comes first, what there is to do after it."""
    health = status.voice.health or {}
    yield _line("daemon: ", _daemon(status))
    if status.draining:
        yield _line("", _DRAINS[status.draining.scope], style="yellow")
    for name, pipeline in health.get("pipelines", {}).items():
        yield _line(f"pipeline {name}: ", _pipeline(pipeline), style="" if pipeline["error"] is None else "red")
    yield from _inboxes(status, health.get("inboxes", {}))
    for name, listener in health.get("hearing", {}).items():
        yield _line(f"listener {name}: ", _listener(listener), style="red" if listener["problem"] else "")
    yield _line("jobs: ", ", ".join(f"{count} {state.value}" for state, count in status.totals) or "none yet")
    yield _line("last minute: ", _recent(status))
    if status.queues:
        yield _table(status.queues, status.now)
    if status.oldest:
        yield _line("oldest: ", _oldest(status))


def line_of(status: Status) -> str:
    """The same in short, for a log."""
    waiting, running = sum(it.waiting for it in status.queues), sum(it.running for it in status.queues)
    line = f"{clock_time(status.now)}  {_daemon(status)}; {waiting} waiting, {running} running; "
    troubled = ", ".join(_troubled(status.voice.health or {}))
    return f"{line}last minute: {_recent(status)}" + (f"; problems: {troubled}" if troubled else "")


def _troubled(health: Mapping[str, Any]) -> Sequence[str]:
    kinds = (("pipeline", "pipelines", "error"), ("inbox", "inboxes", "problem"), ("listener", "hearing", "problem"))
    return [f"{kind} {name}" for kind, key, word in kinds for name, it in health.get(key, {}).items() if it[word]]


def _line(label: str, words: str, *, style: str = "") -> Text:
    """Never as markup: there are brackets in names and reasons."""
    return Text.assemble((label, "bold"), (words, style))


def _daemon(status: Status) -> str:
    if status.pid is None:
        return "does not run; this is what the ledger says"
    health = status.voice.health
    if health is None:
        return f"runs (pid {status.pid}), but {status.voice.silence}; this is what the ledger says"
    return f"{health['status']} (pid {status.pid}, up {span(health['system']['uptime'])})"


def _pipeline(vitals: Mapping[str, Any]) -> str:
    words = [vitals["status"], f"{vitals['readers']} readers"]
    if vitals["restarts"]:
        words.append(f"{vitals['restarts']} replaced")
    if vitals["api_url"]:
        words.append(f"VL server {vitals['api_url']} {vitals['docker_status']}")
    why = vitals["error"] or ("" if vitals["status"] == "ready" else "its readers are starting")
    return ", ".join(words) + (f": {why}" if why else "")


def _inboxes(status: Status, inboxes: Mapping[str, Any]) -> Iterator[Text]:
    """Where there are many, those of which there is something to say; paused ones also while no daemon runs."""
    pauses = {pause.inbox: pause for pause in status.pauses}
    notable = [name for name, it in inboxes.items() if it["problem"] or it["settling"]]
    shown = notable if len(inboxes) > _MOST_INBOXES else inboxes
    for name in dict.fromkeys([*pauses, *shown]):
        vitals = inboxes.get(name)
        words = [*([_pause(pauses[name], status.now)] if name in pauses else []), *(_inbox(vitals) if vitals else [])]
        style = "red" if vitals and vitals["problem"] else "yellow" if name in pauses else ""
        yield _line(f"inbox {name}: ", ", ".join(words), style=style)
    if well := len(inboxes.keys() - {*pauses, *shown}):
        yield _line("", f"and {well} inboxes of which there is nothing to say")


def _pause(pause: Pause, now: float) -> str:
    return f"paused for {span(now - pause.since)}" + (f" ({pause.reason})" if pause.reason else "")


def _inbox(vitals: Mapping[str, Any]) -> Sequence[str]:
    words = [vitals["mode"]]
    if vitals["settling"]:
        words.append(f"{vitals['settling']} files still growing")
    if vitals["listed"]:
        words.append(f"{vitals['listed']} objects listed")
    if vitals["last_scan_at"] is None:
        words.append("first scan not over")
    return [*words, vitals["problem"]] if vitals["problem"] else words


def _listener(vitals: Mapping[str, Any]) -> str:
    words = f"{vitals['received']} heard, {vitals['told']} told, {vitals['not_understood']} not understood"
    return f"{words}: {vitals['problem']}" if vitals["problem"] else words


def _recent(status: Status) -> str:
    words = [f"{it.documents} {_ENDS[it.state]}" for it in status.ended]
    pages = sum(it.pages for it in status.ended)
    return f"{', '.join(words)}; {pages} pages" if words else "nothing came to its end"


def _table(queues: Sequence[Queue], now: float) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("inbox", "pipeline"):
        table.add_column(column, overflow="fold")
    for column in ("waiting", "running", "oldest"):
        table.add_column(column, justify="right", overflow="fold")
    for queue in queues:
        numbers = (str(queue.waiting), str(queue.running), span(now - queue.oldest))
        table.add_row(Text(queue.inbox), queue.pipeline.value, *numbers)
    return table


def _oldest(status: Status) -> str:
    if status.oldest is None:
        return "nothing waits"
    job, wait = status.oldest.job, status.oldest.wait
    remedy = f" -> {wait.remedy}" if wait.remedy else ""
    where = f"job {job.id} ({job.document.inbox}/{job.document.key})"
    return f"{where} has waited {span(status.now - job.enqueued_at)} for {wait.thing}{remedy}"
