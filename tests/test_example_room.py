"""The room in examples/link_watch, built and installed beside the service: nothing of the service knows it."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from tests.conftest import WORKLOADS, make_home
from tests.example_package import ROOT, install_example
from tests.live import LiveServer
from tests.patience import patient


class Site(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200 if self.path == "/here" else 404)
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def site() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Site)
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    return install_example(tmp_path)


def tranche(server: LiveServer, *arguments: str) -> str:
    command = [sys.executable, "-m", "app", *arguments]
    done = subprocess.run(
        command, env=server.environment, cwd=ROOT, capture_output=True, text=True, timeout=patient(60)
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_package_brings_a_whole_room(installed: Path, site: str) -> None:
    home = make_home()
    server = LiveServer(home, WORKLOADS, PYTHONPATH=str(installed), TRANCHE_OUTBOUND_ALLOW="127.0.0.1")
    try:
        server.start()
        with server.client() as api:
            pipeline = api.get("/api/pipelines/link-watch").json()
            view = api.get(pipeline["result_view"])
            assert view.headers["Content-Type"] == "text/javascript; charset=utf-8"
            assert "export function summary" in view.text
            assert "/api/links" in api.get("/openapi.json").json()["paths"]

            items = [{"url": f"{site}/here"}, {"url": f"{site}/gone"}, {"url": "http://127.0.0.1:1/"}]
            batch_id = api.post("/api/batches", json={"pipeline": "link-watch", "items": items}).json()["batch_id"]
            headers = {"Accept": "text/event-stream"}
            with api.stream("GET", f"/api/batches/{batch_id}/events", headers=headers) as stream:
                assert any("batch.completed" in line for line in stream.iter_lines())
            summary = api.get(f"/api/batches/{batch_id}").json()["batch"]["summary_data"]
            assert (summary["links"], summary["broken"]) == (3, 2)
            links = {link["url"]: link["status"] for link in api.get("/api/links").json()["links"]}
            assert links == {f"{site}/here": 200, f"{site}/gone": 404, "http://127.0.0.1:1/": None}
            assert len(api.get("/api/links?broken=true").json()["links"]) == 2
        server.terminate()

        assert "link_watch_0001" not in tranche(server, "migrate", "link_watch@base", "--force")
        without = LiveServer(home, WORKLOADS)
        try:
            without.start()
            with without.client() as api:
                assert api.get("/api/links").status_code == 404
                assert api.get(f"/api/batches/{batch_id}").json()["batch"]["status"] == "completed"
        finally:
            without.destroy()
    finally:
        server.destroy()
        shutil.rmtree(home, ignore_errors=True)


def test_a_room_that_does_not_load_is_left_out_and_named(installed: Path) -> None:
    (installed / "tranche_link_watch" / "settings.py").write_text("raise RuntimeError('out of order')\n")
    home = make_home()
    server = LiveServer(home, WORKLOADS, PYTHONPATH=str(installed))
    try:
        server.start()
        with server.client() as api:
            assert api.get("/readyz").status_code == 200
            assert api.get("/api/links").status_code == 404
        assert "the room tranche_link_watch.room:room does not load" in (home / "service.log").read_text()
    finally:
        server.destroy()
        shutil.rmtree(home, ignore_errors=True)
