"""The dashboard and the alerts ask for what the daemon exposes, in a language that Prometheus understands."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from api_daemon import serving
from builders import some_pipeline_vitals
from ocr_inbox.model import ServerVitals

ROOT = Path(__file__).parents[2]
ALERTS = ROOT / "configs/monitoring/alerts.yml"
DASHBOARD = ROOT / "configs/monitoring/grafana-dashboard.json"
CASES = Path(__file__).with_name("alert_cases.yml")
SUFFIXES = {"counter": [""], "gauge": [""], "histogram": ["_bucket", "_count", "_sum"]}

needs_promtool = pytest.mark.skipif(
    shutil.which("promtool") is None, reason="there is no promtool (Debian's package prometheus has it)"
)


def alert_expressions() -> list[str]:
    rules = yaml.safe_load(ALERTS.read_text(encoding="utf-8"))
    return [rule["expr"] for group in rules["groups"] for rule in group["rules"]]


def dashboard_expressions() -> list[str]:
    """As Grafana would send them."""
    content = json.loads(DASHBOARD.read_text(encoding="utf-8"))
    return [found.replace("$__rate_interval", "5m").replace("$instance", ".*") for found in _expressions(content)]


def _expressions(content: Any) -> Iterator[str]:
    if isinstance(content, list):
        for item in content:
            yield from _expressions(item)
    elif isinstance(content, dict):
        if isinstance(content.get("expr"), str):
            yield content["expr"]
        for value in content.values():
            yield from _expressions(value)


def exposed(folder: Path) -> set[str]:
    """The names of all series that the daemon has."""
    with serving(folder) as daemon:
        text = daemon.client.get("/metrics").text
    types = re.findall(r"^# TYPE (\S+) (\S+)$", text, flags=re.MULTILINE)
    return {name + suffix for name, kind in types for suffix in SUFFIXES[kind]}


def promtool(*arguments: str | Path) -> str:
    done = subprocess.run(["promtool", *arguments], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_every_metric_that_is_asked_for_is_exposed(tmp_path: Path) -> None:
    expressions = alert_expressions() + dashboard_expressions()
    asked = {name for it in expressions for name in re.findall(r"\b(?:ocr_inbox|process)_\w+", it)}
    assert asked
    assert asked - exposed(tmp_path) == set()


def test_what_is_away_and_what_is_left_shows_in_figures(tmp_path: Path) -> None:
    with serving(tmp_path) as daemon:
        away = ServerVitals(url="http://127.0.0.1:8118/v1", status="not reachable")
        daemon.text = replace(some_pipeline_vitals(ready=False, problem="its server is away"), server=away)
        figures = dict(re.findall(r"^(ocr_inbox_\S+) (\S+)$", daemon.client.get("/metrics").text, flags=re.MULTILINE))
    assert float(figures['ocr_inbox_server_up{pipeline="text"}']) == 0
    assert float(figures['ocr_inbox_inbox_events{inbox="scans"}']) == 1
    assert 0 < float(figures["ocr_inbox_state_free_bytes"]) <= float(figures["ocr_inbox_state_size_bytes"])


def test_the_dashboard_names_no_data_source_of_ours_and_no_panel_twice() -> None:
    content = json.loads(DASHBOARD.read_text(encoding="utf-8"))
    panels = content["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    assert {panel["datasource"]["uid"] for panel in panels} == {"${datasource}"}
    assert all(panel["title"] and panel["targets"] for panel in panels)


@needs_promtool
def test_prometheus_understands_the_alerts() -> None:
    assert f"SUCCESS: {len(alert_expressions())} rules found" in promtool("check", "rules", ALERTS)


@needs_promtool
def test_prometheus_understands_the_dashboard(tmp_path: Path) -> None:
    rules = [{"record": f"panel:{number}", "expr": expr} for number, expr in enumerate(dashboard_expressions())]
    path = tmp_path / "dashboard.yml"
    path.write_text(yaml.safe_dump({"groups": [{"name": "dashboard", "rules": rules}]}), encoding="utf-8")
    promtool("check", "rules", path)


@needs_promtool
def test_every_alert_fires_when_it_should_and_only_then() -> None:
    cases = CASES.read_text(encoding="utf-8")
    for name in re.findall(r"alert: (\w+)", ALERTS.read_text(encoding="utf-8")):
        assert f'alertname="{name}"' in cases, f"no case has {name}"
    promtool("test", "rules", CASES)
