"""One trace leads from the request that makes a batch, over a worker in another process, to the batch's end."""

from __future__ import annotations

import asyncio
import gzip
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from app.kit.tracing import span, traceparent
from tests.conftest import ADMIN_KEY, WORKLOADS
from tests.patience import patient
from tests.processes import Process

pytestmark = pytest.mark.own_service
TRACE_ID = "4bf92f3577b34da6a3ce929d0e0e4736"
PARENT = f"00-{TRACE_ID}-00f067aa0ba902b7-01"


class Collector:
    """What came by OTLP: spans with the name of the service that sent them, and names of metrics."""

    def __init__(self) -> None:
        self.spans: list[tuple[str, Span]] = []
        self.metrics: set[str] = set()
        self.url = ""

    def take(self, path: str, body: bytes) -> None:
        if path == "/v1/traces":
            for of_resource in ExportTraceServiceRequest.FromString(body).resource_spans:
                names = {a.key: a.value.string_value for a in of_resource.resource.attributes}
                for of_scope in of_resource.scope_spans:
                    self.spans += [(names["service.name"], one) for one in of_scope.spans]
        else:
            for resource in ExportMetricsServiceRequest.FromString(body).resource_metrics:
                self.metrics |= {metric.name for scope in resource.scope_metrics for metric in scope.metrics}


@contextmanager
def collecting() -> Iterator[Collector]:
    collector = Collector()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.headers.get("Content-Encoding") == "gzip":
                body = gzip.decompress(body)
            collector.take(self.path, body)
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Not into the tests' output."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    collector.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield collector
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


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


def test_nothing_is_done_while_it_is_off() -> None:
    assert isinstance(span("anything"), nullcontext)
    assert span("anything") is span("something else")
    assert traceparent() is None
