"""One trace leads from the request that makes a batch, over a worker in another process, to the batch's end."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.kit.tracing import span, traceparent
from tests.collector import collecting
from tests.conftest import ADMIN_KEY, WORKLOADS
from tests.patience import patient
from tests.processes import Process

pytestmark = pytest.mark.own_service
TRACE_ID = "4bf92f3577b34da6a3ce929d0e0e4736"
PARENT = f"00-{TRACE_ID}-00f067aa0ba902b7-01"


def start(command: str, home: Path, **environment: str) -> tuple[Process, str]:
    """A process of the service, and the line that says it is ready."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("TRANCHE_", "DATABASE_URL"))}
    own = {"TRANCHE_HOME": str(home), "TRANCHE_PORT": "0", "TRANCHE_ADMIN_KEY": ADMIN_KEY, "TRANCHE_WORKER": "off"}
    own |= {"TRANCHE_PIPELINES_DIR": str(WORKLOADS)}
    with (home / f"{command}.log").open("a") as log:
        process = Process([command], clean | own | environment, stderr=log)
    assert process.stdout
    return process, process.stdout.readline()


def run_a_batch(url: str) -> None:
    with httpx.Client(base_url=url, headers={"Authorization": f"Bearer {ADMIN_KEY}"}, timeout=patient(60)) as client:
        body = {"pipeline": "behaviour", "items": [{"record": {"do": "child"}}]}
        made = client.post("/api/batches", json=body, headers={"traceparent": PARENT})
        batch_id = made.raise_for_status().json()["batch_id"]
        events = client.stream("GET", f"/api/batches/{batch_id}/events", headers={"Accept": "text/event-stream"})
        with events as stream:
            assert any("batch.completed" in line for line in stream.iter_lines())


async def test_one_trace_from_the_request_to_the_end(home: Path, database_url: str) -> None:
    with collecting() as collector:
        shared = {"DATABASE_URL": database_url, "OTEL_EXPORTER_OTLP_ENDPOINT": collector.url}
        api, ready = await asyncio.to_thread(start, "serve", home, OTEL_SERVICE_NAME="the-api", **shared)
        worker, _ = await asyncio.to_thread(start, "worker", home, OTEL_SERVICE_NAME="the-worker", **shared)
        try:
            await asyncio.to_thread(run_a_batch, ready.split()[-1])
        finally:
            for process in (worker, api):
                process.terminate()
                await asyncio.to_thread(process.wait, patient(30))
    spans = [(service, one) for service, one in collector.spans if one.trace_id.hex() == TRACE_ID]
    names = {(service, one.name) for service, one in spans}
    assert ("the-api", "POST /api/batches") in names
    assert {("the-worker", name) for name in ("dispatch", "claim", "job", "step", "child", "settle")} <= names
    ended = [one for _, one in spans if "last job" in [event.name for event in one.events]]
    assert [one.name for one in ended] == ["settle"]
    by_id = {one.span_id: one for _, one in spans}
    request = next(one for _, one in spans if one.name == "POST /api/batches")
    for _, one in spans:  # every span hangs below the request
        while one is not request:
            one = by_id[one.parent_span_id]
    attributes = {a.key: a.value.string_value for a in next(one for _, one in spans if one.name == "job").attributes}
    assert attributes["tranche.pipeline"] == "behaviour"
    assert "http.server.request.duration" in collector.metrics


STOPPING = """
import asyncio, sys
from app.kit.tracing import Telemetry, span

async def run():
    telemetry = Telemetry(sys.argv[1])
    await telemetry.start()
    with span("one"):
        pass
    await telemetry.stop()

asyncio.run(run())
"""


def test_a_collector_that_does_not_answer_holds_up_no_end() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:  # accepts, and never answers
        collector = f"http://127.0.0.1:{silent.getsockname()[1]}"
        command = [sys.executable, "-c", STOPPING, collector]
        waits = {"OTEL_EXPORTER_OTLP_TIMEOUT": "600", "OTEL_METRIC_EXPORT_TIMEOUT": "600000"}
        ended = subprocess.run(command, env=os.environ | waits, timeout=patient(30), capture_output=True, check=False)
    assert ended.returncode == 0, ended.stderr
    assert b"the last traces could not be sent" in ended.stderr


TERMINAL = ("batch.completed", "batch.failed", "batch.partial", "batch.cancelled")
ENDS = {
    "settle": "its last job completed",
    "close": "a summary was made after its last job",
    "cancel": "it was cancelled while nothing ran",
    "stopped": "it was cancelled while a job ran",
    "given up": "a step gave the batch up",
    "retry": "a retry of a failed batch",
    "restart": "a restart",
}
"""Every way to a terminal event, a trace each. Expiry is none: it removes batches that have ended."""


def trace_id_of(way: str) -> str:
    return f"{list(ENDS).index(way) + 1:032x}"


def end_in_every_way(url: str) -> None:
    with httpx.Client(base_url=url, headers={"Authorization": f"Bearer {ADMIN_KEY}"}, timeout=patient(60)) as client:

        def post(way: str, path: str, body: dict[str, Any] | None = None) -> str:
            headers = {"traceparent": f"00-{trace_id_of(way)}-00f067aa0ba902b7-01"} if way else {}
            answer = client.post(path, json=body, headers=headers).raise_for_status().json()
            return str(answer.get("new_batch_id") or answer.get("batch_id"))

        def follow(batch_id: str, until: Sequence[str] = TERMINAL) -> None:
            events = client.stream("GET", f"/api/batches/{batch_id}/events", headers={"Accept": "text/event-stream"})
            with events as stream:
                assert any(word in line for line in stream.iter_lines() for word in until), until

        def make(way: str, pipeline: str, record: dict[str, Any], **more: Any) -> str:
            return post(way, "/api/batches", {"pipeline": pipeline, "items": [{"record": record}], **more})

        follow(make("settle", "no-op", {}))
        follow(make("close", "planned", {}, params={"words": ["one"]}))
        many = {"pipeline": "slow", "items": [{"record": {}}] * 50, "max_parallel": 1, "params": {"seconds": 0.1}}
        quiet = post("cancel", "/api/batches", many)
        post("", f"/api/batches/{quiet}/pause")
        while client.get(f"/api/batches/{quiet}").json()["batch"]["counters"]["running"]:
            time.sleep(0.05)
        post("", f"/api/batches/{quiet}/cancel")
        running = make("stopped", "slow", {}, params={"seconds": 1})
        follow(running, ["job.started"])
        post("", f"/api/batches/{running}/cancel")
        follow(running)
        follow(make("given up", "behaviour", {"do": "give up"}))
        failed = make("", "behaviour", {"do": "stop"})
        follow(failed)
        for way, command in (("retry", "retry-failed"), ("restart", "restart")):
            follow(post(way, f"/api/batches/{failed}/{command}"))


async def test_each_way_to_end_is_in_the_trace_of_its_request(home: Path, database_url: str) -> None:
    with collecting() as collector:
        shared = {"DATABASE_URL": database_url, "OTEL_EXPORTER_OTLP_ENDPOINT": collector.url}
        service, ready = await asyncio.to_thread(start, "serve", home, **shared | {"TRANCHE_WORKER": "embedded"})
        try:
            await asyncio.to_thread(end_in_every_way, ready.split()[-1])
        finally:
            service.terminate()
            await asyncio.to_thread(service.wait, patient(30))
    for way in ENDS:
        own = {one.span_id: one for _, one in collector.spans if one.trace_id.hex() == trace_id_of(way)}
        (request,) = [one for one in own.values() if one.name.startswith("POST ")]
        ended = [
            one
            for one in own.values()
            if one.name in ("close", "cancel") or "last job" in [event.name for event in one.events]
        ]
        assert ended, way
        if way in ("close", "cancel"):
            assert ended[-1].name == way
            status = {a.key: a.value.string_value for a in ended[-1].attributes}["tranche.status"]
            assert status == {"close": "completed", "cancel": "cancelled"}[way]
        for one in ended:  # below the request that made the batch
            while one is not request:
                one = own[one.parent_span_id]


def test_nothing_is_done_while_it_is_off() -> None:
    assert isinstance(span("anything"), nullcontext)
    assert span("anything") is span("something else")
    assert traceparent() is None
