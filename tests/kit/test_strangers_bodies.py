"""A large body is read only for who has a valid credential, who is looked up once, and while there is room for it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from app.auth.caller import Callers
from app.kit.web.early_answer import SMALL_BODY
from tests.conftest import Api, make_settings, serving
from tests.files.bodies import FORM, Wire
from tests.loop.callback_times import timed_callbacks
from tests.patience import within

MIB = 1024 * 1024
JSON = {"Content-Type": "application/json"}
STREAMED = ["/api/jobs/batch", "/api/restaurants/import"]


@pytest.fixture(scope="module")
async def api(home: Path, database_url: str) -> AsyncIterator[Api]:
    async with serving(make_settings(home, database_url, worker="off", max_buffered_bytes=2 * MIB)) as client:
        yield client


@pytest.mark.parametrize("path", ["/api/batches", "/api/keys", "/api/files/a", *STREAMED])
@pytest.mark.parametrize("chunked", [False, True])
async def test_strangers_bodies_are_not_read(api: Api, path: str, chunked: bool) -> None:
    wire = await Wire.to(api)
    length = {"Transfer_Encoding": "chunked"} if chunked else {"Content_Length": str(MIB // 2)}
    kind = FORM["Content-Type"] if path in STREAMED else "application/json"
    method = "PUT" if path.startswith("/api/files") else "POST"
    await wire.head(method, path, key="trn_a-wrong-key-of-the-tests", Content_Type=kind, **length)
    piece = b" " * (SMALL_BODY + 1)
    await wire.send(b"%x\r\n%s\r\n" % (len(piece), piece) if chunked else piece)
    status, headers, problem = await wire.answer()
    assert (status, b"connection: close" in headers) == (401, True), problem
    wire.cut()


async def test_who_asked_first_is_told_without_a_body(api: Api) -> None:
    wire = await Wire.to(api)
    await wire.head(
        "POST",
        "/api/batches",
        key="wrong",
        Expect="100-continue",
        Content_Length=str(MIB),
        Content_Type="application/json",
    )
    async with within(2):
        status, _, _ = await wire.answer()
    assert status == 401
    wire.cut()


async def test_a_sender_is_looked_up_once(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    find = Callers.find_by_key

    async def counted(callers: Callers, key: str) -> object:
        asked.append(key)
        return await find(callers, key)

    monkeypatch.setattr(Callers, "find_by_key", counted)
    body = json.dumps({"pipeline": "none", "items": [{"record": {"text": "x" * 100_000}}]})
    answer = await api.post("/api/batches", content=body, headers=JSON)
    assert answer.json()["code"] == "unknown_pipeline"
    assert len(asked) == 1


async def test_more_than_fits_is_put_off(api: Api) -> None:
    wires = [await Wire.to(api) for _ in range(3)]
    for wire in wires:
        await wire.head("POST", "/api/batches", Content_Type="application/json", Content_Length=str(MIB))
    async with within(10):
        answers = [asyncio.create_task(wire.answer()) for wire in wires]
        done, waiting = await asyncio.wait(answers, return_when="FIRST_COMPLETED")
    status, headers, problem = done.pop().result()
    assert (status, b"retry-after: " in headers) == (503, True)
    assert json.loads(problem)["code"] == "too_much_at_once"
    for wire in wires:
        wire.cut()
    await asyncio.wait(waiting)
    answer = await api.post("/api/batches", content=b"[" + b" " * MIB + b"]", headers=JSON)
    assert answer.status_code == 422


async def test_a_long_body_holds_up_nobody(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    with timed_callbacks(monkeypatch) as times:
        body = b"[" + b"[]," * 600_000 + b"[]]"
        answer = await api.post("/api/batches", content=body, headers=JSON)
    assert answer.status_code == 422
    assert times.longest < 0.1, times.what
