"""Dashboard, alerts and scrape configuration: they name what there is, and a real Prometheus takes them."""

from __future__ import annotations

import asyncio
import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from app.audit.actions import Action
from app.audit.record import record
from app.commands.administration import operator_at_shell
from app.commands.metrics_page import declared_figures
from tests.batch_helpers import run, submit
from tests.conftest import WORKLOADS, Api
from tests.patience import patient, within
from tests.processes import Process
from tests.prometheus import Prometheus, check, free_port, prometheus
from tests.test_docs import anchors

pytestmark = pytest.mark.own_service
ROOT = Path(__file__).resolve().parent.parent
DEPLOY = ROOT / "deploy"
ALERTS = DEPLOY / "prometheus" / "tranche-alerts.yml"
DASHBOARD = json.loads((DEPLOY / "grafana" / "tranche.json").read_text("utf-8"))
RULES = yaml.safe_load(ALERTS.read_text("utf-8"))["groups"][0]["rules"]
OF_PROMETHEUS = {"up", "process_cpu_seconds_total", "process_resident_memory_bytes", "process_open_fds"}
LABELS_OF_PROMETHEUS = {"job", "instance", "le"}
COMPARED = re.compile(r"\s(?:==|!=|[<>]=?)\s*[\d.]+")


@pytest.fixture(scope="module")
def settings_values() -> dict[str, object]:
    return {"worker": "off"}


def panels() -> Iterator[tuple[str, str]]:
    for panel in DASHBOARD["panels"]:
        for target in panel.get("targets", ()):
            yield panel["title"], target["expr"]


def expressions() -> list[tuple[str, str]]:
    """Every expression with where it stands; those of alerts without what they are compared with."""
    alerts = [(rule["alert"], COMPARED.sub("", rule["expr"])) for rule in RULES]
    return [*panels(), *alerts]


def metrics_in(expression: str) -> set[str]:
    return set(re.findall(r"\b(?:tranche|process)_\w+|\bup\b", re.sub(r'"[^"]*"', "", expression)))


def family(name: str) -> str:
    for suffix in ("_bucket", "_sum", "_count"):
        stem = name.removesuffix(suffix)
        if stem != name and stem in declared_figures():
            return stem
    return name


def test_dashboard_and_alerts_name_only_figures_that_there_are() -> None:
    unknown = {
        (where, name)
        for where, expression in expressions()
        for name in metrics_in(expression)
        if family(name) not in declared_figures() and name not in OF_PROMETHEUS
    }
    assert unknown == set()


def test_labels_are_those_of_the_figures() -> None:
    wrong = []
    for where, expression in expressions():
        of_figures = {label for name in metrics_in(expression) for label in _labels(name)}
        named = set(re.findall(r"(\w+)\s*(?:=~|!~|!=|=)\s*\"", expression))
        for group in re.findall(r"\b(?:by|on)\s*\(([^)]*)\)", expression):
            named |= set(re.findall(r"\w+", group))
        wrong += [(where, label) for label in named - of_figures - LABELS_OF_PROMETHEUS]
    assert wrong == []


def _labels(name: str) -> tuple[str, ...]:
    figure = declared_figures().get(family(name))
    return figure.labels if figure else ()


def test_figures_of_the_installation_are_never_summed_over_processes() -> None:
    wrong = []
    for where, expression in expressions():
        for name in metrics_in(expression):
            figure = declared_figures().get(family(name))
            summed = re.search(rf"\bsum(?: by \([^)]*\))? ?\((?:rate\()?{name}\b", expression)
            if figure and figure.scope == "installation" and summed:
                wrong.append((where, name))
    assert wrong == []


def test_each_figure_that_can_be_wrong_is_shown() -> None:
    shown = {family(name) for _, expression in expressions() for name in metrics_in(expression)}
    unseen = set(declared_figures()) - shown
    assert unseen <= {"tranche_batches_open", "tranche_webhook_endpoints", "tranche_stored_files_total"} | {
        "tranche_http_requests_in_progress",
        "tranche_installation_figures_age_seconds",
    }


def test_each_alert_has_its_line_in_operating() -> None:
    known = anchors(ROOT / "docs" / "operating.md")
    for rule in RULES:
        assert rule["annotations"]["runbook"] == f"docs/operating.md#{rule['alert'].lower()}"
        assert rule["alert"].lower() in known, rule["alert"]
        assert rule["labels"]["severity"] in ("critical", "warning")


def test_the_dashboard_is_whole() -> None:
    ids = [panel["id"] for panel in DASHBOARD["panels"]]
    assert len(ids) == len(set(ids))
    taken: set[tuple[int, int]] = set()
    for panel in DASHBOARD["panels"]:
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= 24
        cells = {(place["x"] + x, place["y"] + y) for x in range(place["w"]) for y in range(place["h"])}
        assert not taken & cells, panel["title"]
        taken |= cells
    assert DASHBOARD["panels"][0]["title"] == "Is anything wrong?"


def test_promtool_finds_nothing() -> None:
    check("check", "config", DEPLOY / "prometheus" / "prometheus.yml")
    assert f"{len(RULES)} rules found" in check("check", "rules", ALERTS)
    assert "SUCCESS" in check("test", "rules", DEPLOY / "prometheus" / "tranche-alerts-test.yml")


def scrape(*targets: str) -> str:
    jobs = [
        {"job_name": name, "static_configs": [{"targets": [target]}]}
        for name, target in zip(("tranche", "tranche-worker"), targets, strict=True)
    ]
    every = {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"}
    return json.dumps({"global": every, "rule_files": [str(ALERTS)], "scrape_configs": jobs})


def filled(expression: str) -> str:
    """The expression as Grafana sends it."""
    return expression.replace("$__rate_interval", "15s").replace("$pipeline", ".*")


async def work(api: Api) -> None:
    """A bit of everything."""
    records: list[dict[str, Any]] = [{"do": what} for what in ("succeed", "stop", "retry_once", "child", "report")]
    await run(api, "behaviour", records)
    await run(api, "no-op", [{}] * 20)
    await api.get("/no/such/place")
    body = {"pipeline": (None, "checksum"), "files": ("a.txt", b"a")}
    assert (await api.post("/api/jobs/batch", files=body)).status_code == 201
    refused = {"pipeline": (None, "none"), "files": ("a.txt", b"a")}
    assert (await api.post("/api/jobs/batch", files=refused)).is_client_error


async def until_there(server: Prometheus, wanted: list[tuple[str, str]], api: Api | None = None) -> None:
    """Wait until each expression gives data, and work meanwhile."""
    try:
        async with within(40):
            while wanted:
                if api:
                    await work(api)
                await asyncio.sleep(1)
                wanted = [one for one in wanted if not await _has_data(server, one[1])]
    except TimeoutError:
        pytest.fail(f"no data from {wanted}")


async def test_every_expression_gives_data_from_a_real_scrape(api: Api, tmp_path: Path) -> None:
    async with api.installation.database.transaction() as session:
        await record(session, operator_at_shell(), Action.BACKUP_CREATED)
    port = free_port()
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TRANCHE_")} | {
        "TRANCHE_HOME": str(api.settings.home),
        "DATABASE_URL": api.installation.database.dsn,
        "TRANCHE_PIPELINES_DIR": str(WORKLOADS),
        "TRANCHE_WORKER_PORT": str(port),
    }
    target = str(api.base_url).partition("//")[2].rstrip("/")
    async with prometheus(tmp_path, scrape(target, f"127.0.0.1:{port}")) as server:
        of_troubles = [one for one in expressions() if "tranche_trouble" in one[1]]
        await until_there(server, of_troubles)  # no worker runs
        worker = Process(["worker"], environment)
        try:
            assert worker.stdout
            assert "ready" in await asyncio.to_thread(worker.stdout.readline)
            await submit(api, "slow", [{}] * 4, params={"seconds": 600}, max_parallel=1)
            await until_there(server, [one for one in expressions() if one not in of_troubles], api)
        finally:
            worker.terminate()
            await asyncio.to_thread(worker.wait, patient(30))


async def _has_data(server: Prometheus, expression: str) -> bool:
    if "absent(" in expression:
        return not await server.ask(filled(expression))
    return bool(await server.ask(filled(expression)))


async def test_promtool_finds_nothing_wrong_with_the_page(api: Api) -> None:
    await submit(api, "no-op", [{}])
    said = check("check", "metrics", stdin=(await api.get("/metrics")).text)
    assert said.strip() == ""
