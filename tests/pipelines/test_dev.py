"""`tranche dev`: a folder of pipelines, and every change of it at once."""

from __future__ import annotations

import shutil
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import make_home
from tests.live import LiveServer
from tests.patience import patient
from tests.pipelines.test_watch import CODE, write
from tests.processes import Process, run


@pytest.fixture
def server(tmp_path: Path, database_url: str) -> Iterator[LiveServer]:
    """The environment of a service that does not run yet."""
    home = make_home()
    yield LiveServer(home, tmp_path, DATABASE_URL=database_url, TRANCHE_PORT="0")
    shutil.rmtree(home, ignore_errors=True)


def without_folder(server: LiveServer) -> dict[str, str]:
    return {name: value for name, value in server.environment.items() if name != "TRANCHE_PIPELINES_DIR"}


def test_a_folder_is_served_and_watched(server: LiveServer, tmp_path: Path) -> None:
    write(tmp_path, "one", code=CODE)
    process = Process(["dev", str(tmp_path)], without_folder(server))
    try:
        assert process.stdout
        server.url = process.stdout.readline().split()[-1]
        with server.client() as api:

            def titles() -> list[str]:
                found = api.get("/api/pipelines").json()["pipelines"]
                return [one["title"] for one in found if one["key"] == "watched"]

            assert titles() == ["one"]
            write(tmp_path, "two", code=CODE)
            deadline = time.monotonic() + patient(20)
            while titles() != ["two"]:
                assert time.monotonic() < deadline
                time.sleep(0.05)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(patient(30))


def test_without_a_folder_it_says_what_is_missing(server: LiveServer, tmp_path: Path) -> None:
    done = run(["dev"], without_folder(server), tmp_path)
    assert done.returncode == 2
    assert "name a folder, or set TRANCHE_PIPELINES_DIR" in " ".join(done.stderr.split())
