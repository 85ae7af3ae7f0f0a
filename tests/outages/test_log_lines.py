"""A fault is two lines in the log: when it begins, and when it is over."""

from __future__ import annotations

import json
import logging
import os
import signal
import time

import httpx
import pytest

from app.kit import log_repeats
from app.kit.log_repeats import Repeats
from tests.live import LiveServer
from tests.patience import patient

FAULTS = 5


def wait_until_ready(server: LiveServer, client: httpx.Client) -> None:
    deadline = time.monotonic() + patient(20)
    while time.monotonic() < deadline:
        if server.postgres().postmaster_pid() and client.get("/readyz").status_code == 200:
            return
        time.sleep(0.05)
    raise AssertionError("the service is not ready again")


@pytest.mark.parametrize("live_server", [{"TRANCHE_LOG_FORMAT": "json"}], indirect=True, ids=["json"])
def test_lines_of_five_kills_of_the_postmaster(live_server: LiveServer) -> None:
    log = live_server.home / "service.log"
    with live_server.client() as client:
        items = [{"record": {}} for _ in range(100)]
        body = {"pipeline": "slow", "items": items, "settings": {"seconds": 0.2}, "max_parallel": 10}
        assert client.post("/api/batches", json=body).status_code in (201, 422)
        before = log.stat().st_size
        for _ in range(FAULTS):
            pid = live_server.postgres().postmaster_pid()
            assert pid
            os.kill(pid, signal.SIGKILL)
            deadline = time.monotonic() + patient(10)
            while client.get("/readyz").status_code == 200 and time.monotonic() < deadline:
                time.sleep(0.01)
            wait_until_ready(live_server, client)
            time.sleep(1.5)  # an outage is over after a second without a report
        written = log.read_text()[before:].splitlines()
    lines = [json.loads(line) for line in written if line.startswith("{")]
    told = [line for line in lines if line["logger"] != "tranche.access"]
    assert len(told) <= 2 * FAULTS, "\n".join(line["event"] for line in told)
    assert len(told) >= FAULTS
    assert not [line for line in lines if "exception" in line]


def record_of(error: Exception) -> logging.LogRecord:
    return logging.LogRecord("tranche.test", logging.ERROR, __file__, 1, "it failed", None, (type(error), error, None))


def test_traceback_once_a_minute_with_a_count(monkeypatch: pytest.MonkeyPatch) -> None:
    repeats = Repeats()
    assert [repeats.filter(record_of(ValueError(str(n)))) for n in range(3)] == [True, False, False]
    assert repeats.filter(record_of(KeyError("another")))
    monkeypatch.setattr(log_repeats, "EVERY_SECONDS", 0.0)
    again = record_of(ValueError("again"))
    assert repeats.filter(again)
    assert again.getMessage() == "it failed (as 2 times since the last of these lines)"
