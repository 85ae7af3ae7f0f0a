"""One line for each request, and an id that answer, line, problem and event log share."""

from __future__ import annotations

import asyncio
import logging
from typing import Any
from uuid import UUID

import pytest

from app.kit.logs import FIELDS
from tests.auth.people import caller
from tests.batch_helpers import submit
from tests.conftest import Api
from tests.files.bodies import Wire
from tests.patience import within

BAD_IDS = [b"", b"a b", b"x" * 129, b"a\tb", b"\xc3\xa9"]


def fields_of(caplog: pytest.LogCaptureFixture, route: str) -> dict[str, Any]:
    """Those of the last line of that route."""
    found = [record for record in caplog.records if record.name == "tranche.access"]
    return next(fields for record in reversed(found) if (fields := getattr(record, FIELDS))["route"] == route)


async def test_a_line_says_what_was_asked_and_how_it_ended(api: Api, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    batch_id = await submit(api, "no-op", [{}], start=False)
    answer = await api.get(f"/api/batches/{batch_id}")
    fields = fields_of(caplog, "/api/batches/{batch_id}")
    assert (fields["method"], fields["status"], fields["bytes"]) == ("GET", 200, len(answer.content))
    assert fields["duration_ms"] > 0
    assert fields["address"] == "127.0.0.1"
    session = (await api.get("/api/session")).json()
    assert fields["user_id"] == session["user"]["id"]
    assert UUID(fields["credential_id"])


async def test_a_line_never_has_what_stands_in_a_path_or_query(api: Api, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, logger="tranche")
    for path in ("/api/results/ABCD-SECRET-CODE", "/r/ABCD-SECRET-CODE", "/nowhere/ABCD-SECRET-CODE"):
        await api.get(path)
    await api.get("/api/events", params={"ticket": "ABCD-SECRET-CODE"}, headers={"Authorization": ""})
    ours = [record.getMessage() + str(vars(record)) for record in caplog.records if record.name.startswith("tranche")]
    assert ours
    assert "ABCD-SECRET-CODE" not in "".join(ours)
    assert fields_of(caplog, "-")["status"] == 404
    assert fields_of(caplog, "/api/results/{code}")["problem"] == "result_not_found"


async def test_each_request_has_an_id(api: Api) -> None:
    given = await api.get("/api/session", headers={"X-Request-Id": "job-7/run:1"})
    assert given.headers["X-Request-Id"] == "job-7/run:1"
    made = [(await api.get("/api/nowhere", headers={"X-Request-Id": bad})) for bad in BAD_IDS]
    ids = [answer.headers["X-Request-Id"] for answer in made]
    assert [UUID(one).version for one in ids] == [7] * len(BAD_IDS)
    assert len({*ids}) == len(BAD_IDS)
    assert [answer.json()["request_id"] for answer in made] == ids


async def test_an_error_of_ours_has_an_id_too(
    api: Api, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def fail(*_: object, **__: object) -> None:
        raise RuntimeError("on purpose")

    caplog.set_level(logging.INFO)
    monkeypatch.setattr("app.accounts.router._read", fail)
    answer = await api.get("/api/session", headers={"X-Request-Id": "asked-for"})
    assert (answer.status_code, answer.json()["code"]) == (500, "internal_error")
    assert answer.headers["X-Request-Id"] == answer.json()["request_id"] == "asked-for"
    assert [record.name for record in caplog.records if record.exc_info] == ["tranche.errors"]
    assert fields_of(caplog, "/api/session")["status"] == 500


async def test_who_leaves_in_the_middle_of_a_body_is_no_error(api: Api, caplog: pytest.LogCaptureFixture) -> None:
    written = asyncio.Event()

    class Told(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if getattr(record, FIELDS, {}).get("route") == "/api/batches":
                written.set()

    caplog.set_level(logging.INFO)
    told, access = Told(), logging.getLogger("tranche.access")
    access.addHandler(told)
    try:
        wire = await Wire.to(api)
        await wire.head("POST", "/api/batches", Content_Type="application/json", Content_Length="100000")
        await wire.send(b'{"pipeline":')
        wire.cut()
        async with within(5):
            await written.wait()
    finally:
        access.removeHandler(told)
    assert fields_of(caplog, "/api/batches")["status"] is None
    assert [record.getMessage() for record in caplog.records if record.exc_info or record.levelno > logging.INFO] == []


async def test_events_name_the_request_that_asked_for_them(api: Api) -> None:
    batch_id = await submit(api, "no-op", [{}], start=False)
    await api.post(f"/api/batches/{batch_id}/start", headers={"X-Request-Id": "start-it"})
    events = (await api.get(f"/api/batches/{batch_id}/events")).json()["events"]
    by_type = {event["type"]: event.get("request_id") for event in events}
    assert by_type["batch.queued"] == "start-it"
    assert by_type["batch.created"]


async def test_a_stranger_is_nobody(api: Api, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    async with caller(api, "trn_no-such-key-anywhere") as stranger:
        await stranger.get("/api/batches")
    fields = fields_of(caplog, "/api/batches")
    assert (fields["status"], fields["problem"]) == (401, "invalid_key")
    assert not {"user_id", "credential_id"} & fields.keys()
