"""Idempotency-Key on submissions: races, crashes, failures, other tenants, and what counts as the same request."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import httpx
import pytest

from app.idempotency import repository
from tests.auth.people import caller, key_of
from tests.batches.conftest import PIPELINES
from tests.conftest import Api, make_settings, serving
from tests.files.bodies import BOUNDARY, FORM, form, part, query, rows_of, spooled, stored
from tests.patience import within

pytestmark = pytest.mark.every_postgres

BODY: dict[str, Any] = {"pipeline": "typed", "items": [{"record": {"n": 1}, "name": "one"}]}


@pytest.fixture(scope="module")
async def api(home: Path, database_url: str) -> AsyncIterator[Api]:
    """Without a runner: what a request wrote stays as it was written."""
    async with serving(make_settings(home, database_url, worker="off", pipelines_dir=PIPELINES)) as client:
        yield client


def new_key() -> dict[str, str]:
    return {"Idempotency-Key": str(uuid4())}


def upload(*, content: bytes = b"sheet", name: str = "a.pdf", **fields: str) -> bytes:
    parts = [part(field, text) for field, text in ({"pipeline": "typed"} | fields).items()]
    return form(*parts, part("files", content, name))


async def send(
    api: httpx.AsyncClient, key: dict[str, str], body: dict[str, Any] | bytes | None = None, path: str = ""
) -> httpx.Response:
    if isinstance(body, bytes):
        return await api.post(path or "/api/jobs/batch", content=body, headers=FORM | key)
    return await api.post(path or "/api/batches", json=body or BODY, headers=key)


def check_first(answer: httpx.Response) -> None:
    assert answer.status_code == 201, answer.text
    assert "Idempotent-Replayed" not in answer.headers


def check_replay(answer: httpx.Response, first: httpx.Response) -> None:
    assert (answer.status_code, answer.content) == (201, first.content), answer.text
    assert answer.headers["Location"] == first.headers["Location"]
    assert answer.headers["Idempotent-Replayed"] == "true"


def check_in_flight(answer: httpx.Response) -> None:
    assert (answer.status_code, answer.json()["code"]) == (409, "idempotency_in_flight"), answer.text
    assert answer.headers["Retry-After"] == "1"


def check_reused(answer: httpx.Response) -> None:
    assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_key_reused"), answer.text


async def keys_of(api: Api, key: dict[str, str]) -> int:
    return int(await query(api, "select count(*) from idempotency_keys where key = :key", key=key["Idempotency-Key"]))


async def age(api: Api, key: dict[str, str], interval: str) -> None:
    """Move the moment of a key back."""
    moved = "update idempotency_keys set created_at = now() - cast(:age as text)::interval where key = :key returning 1"
    assert await query(api, moved, key=key["Idempotency-Key"], age=interval) == 1


@asynccontextmanager
async def held(dsn: str, waiters: int) -> AsyncIterator[asyncio.Task[None]]:
    """Whoever inserts a batch waits until the block ends; the task ends when `waiters` of them do."""
    holder, watcher = await asyncpg.connect(dsn), await asyncpg.connect(dsn)

    async def watch() -> None:
        found = "select count(*) from pg_locks where relation = 'batches'::regclass and not granted"
        async with within(20):
            while await watcher.fetchval(found) < waiters:
                await asyncio.sleep(0.01)

    try:
        async with holder.transaction():
            await holder.execute("lock table batches in share mode")
            yield asyncio.create_task(watch())
    finally:
        await holder.close()
        await watcher.close()


@pytest.mark.parametrize(("racers", "body"), [(40, BODY), (10, upload())])
async def test_racers_make_one_batch(api: Api, racers: int, body: dict[str, Any] | bytes) -> None:
    before, key = await rows_of(api), new_key()
    answers = await asyncio.gather(*(send(api, key, body) for _ in range(racers)))
    created = [answer for answer in answers if answer.status_code == 201]
    first = [answer for answer in created if "Idempotent-Replayed" not in answer.headers]
    assert len(first) == 1
    for answer in answers:
        if answer.status_code == 201 and answer is not first[0]:
            check_replay(answer, first[0])
        elif answer is not first[0]:
            check_in_flight(answer)
    files = 1 if isinstance(body, bytes) else 0
    assert await rows_of(api) == (before[0] + files, before[1] + 1, before[2] + 1)
    assert await keys_of(api, key) == 1
    assert spooled(api) == []


@pytest.mark.parametrize("body", [BODY, upload(content=b"held")])
async def test_first_in_flight_is_told_at_once(api: Api, body: dict[str, Any] | bytes) -> None:
    before, key = (await rows_of(api))[1], new_key()
    async with held(api.installation.database.dsn, 1) as reached:
        running = asyncio.create_task(send(api, key, body))
        await reached
        check_in_flight(await send(api, key, body))
        assert not running.done()
    first = await running
    check_first(first)
    check_replay(await send(api, key, body), first)
    assert (await rows_of(api))[1] == before + 1


async def test_nothing_is_in_flight_once_the_answer_is_known(api: Api) -> None:
    """Replays at the same time do not take each other for the first request."""
    for body in (BODY, upload(content=b"known")):
        key = new_key()
        first = await send(api, key, body)
        check_first(first)
        for answer in await asyncio.gather(*(send(api, key, body) for _ in range(40))):
            check_replay(answer, first)


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/api/batches", BODY),
        ("/api/jobs", {"pipeline": "typed", "record": {"n": 1}}),
        ("/api/jobs", upload(content=b"one")),
        ("/api/jobs/batch", upload(content=b"many")),
    ],
)
async def test_every_submission_honours_the_key(api: Api, path: str, body: dict[str, Any] | bytes) -> None:
    key = new_key()
    first = await send(api, key, body, path)
    check_first(first)
    check_replay(await send(api, key, body, path), first)
    without = await send(api, {}, body, path)
    check_first(without)
    assert without.json()["batch_id"] != first.json()["batch_id"]


async def test_json_is_the_same_however_it_is_written(api: Api) -> None:
    key = new_key() | {"Content-Type": "application/json"}
    one = b'{"pipeline": "typed", "metadata": {"a": 1, "b": [1, 2]}, "items": [{"record": {"x": "\xc3\xa9", "y": 2}}]}'
    two = b'{"items":[{"record":{"y":2,"x":"\\u00e9"}}],\n "metadata":{"b":[1,2],"a":1},"pipeline":"typed"}'
    first = await api.post("/api/batches", content=one, headers=key)
    check_first(first)
    check_replay(await api.post("/api/batches", content=two, headers=key), first)
    check_reused(await api.post("/api/batches", content=one.replace(b"[1, 2]", b"[2, 1]"), headers=key))


async def test_form_is_the_same_under_another_boundary(api: Api) -> None:
    key, body = new_key(), upload(content=b"boundary")
    first = await send(api, key, body)
    again = {"Content-Type": "multipart/form-data; boundary=another"}
    body = body.replace(BOUNDARY.encode(), b"another")
    check_replay(await api.post("/api/jobs/batch", content=body, headers=again | key), first)


async def test_key_with_another_json_body_is_refused(api: Api) -> None:
    key = new_key()
    check_first(await send(api, key))
    before, items = await rows_of(api), BODY["items"]
    changes: list[dict[str, Any]] = [{"items": items * 2}, {"items": [{"record": {"n": 2}, "name": "one"}]}]
    for change in (*changes, {"name": "Named"}, {"start": False}, {"params": {"colour": "blue"}}):
        check_reused(await send(api, key, BODY | change))
    assert await rows_of(api) == before


async def test_key_with_another_form_is_refused_and_nothing_is_kept(api: Api) -> None:
    key = new_key()
    check_first(await send(api, key, upload(content=b"first")))
    before, contents = await rows_of(api), stored(api)
    others = [
        upload(content=b"fir5t"),
        upload(content=b"longer than the first"),
        upload(content=b"first", name="b.pdf"),
        upload(content=b"first", colour="blue"),
        upload(content=b"first", description="Other"),
        form(part("pipeline", "typed"), *[part("files", b"first", "a.pdf")] * 2),
        form(part("pipeline", "typed"), part("urls", "https://example.org/a")),
    ]
    for other in others:
        check_reused(await send(api, key, other))
    assert (await rows_of(api), stored(api), spooled(api)) == (before, contents, [])


async def test_key_on_another_path_is_refused(api: Api) -> None:
    key, body = new_key(), upload(content=b"path")
    check_first(await send(api, key, body, "/api/jobs/batch"))
    check_reused(await send(api, key, body, "/api/jobs"))
    check_reused(await send(api, key))


async def test_replay_keeps_no_uploaded_file(api: Api) -> None:
    key, body = new_key(), upload(content=b"a content of its own")
    known = stored(api)
    first = await send(api, key, body)
    (added,) = stored(api) - known
    (path,) = (api.settings.home / "files").glob(f"*/*/{added}")
    path.unlink()
    before = await rows_of(api)
    check_replay(await send(api, key, body), first)
    assert (await rows_of(api), stored(api), spooled(api)) == (before, known, [])


async def test_another_organisation_has_keys_of_its_own(api: Api) -> None:
    key, before = new_key(), (await rows_of(api))[1]
    first = await send(api, key)
    async with caller(api, await key_of(api, "Elsewhere")) as other:
        theirs = await send(other, key)
        check_first(theirs)
        assert theirs.json()["batch_id"] != first.json()["batch_id"]
        check_replay(await send(other, key), theirs)
        assert (await other.get(first.headers["Location"])).status_code == 404
        async with held(api.installation.database.dsn, 2) as reached:
            key = new_key()
            running = [asyncio.create_task(send(client, key)) for client in (api, other)]
            await reached
        for answer in await asyncio.gather(*running):
            check_first(answer)
    check_replay(await send(api, key), await running[0])
    assert (await rows_of(api))[1] == before + 4


async def test_refused_request_leaves_no_key(api: Api) -> None:
    refused: list[dict[str, Any] | bytes] = [
        BODY | {"pipeline": "none"},
        BODY | {"items": []},
        BODY | {"items": [{"file_id": str(uuid4())}]},
        BODY | {"items": [{}]},
        BODY | {"params": {"colour": "green"}},
        upload(pipeline="none"),
        upload(colour="green"),
    ]
    for body in refused:
        key = new_key()
        assert (await send(api, key, body)).status_code == 422
        assert await keys_of(api, key) == 0
        check_first(await send(api, key))


@pytest.mark.parametrize("deferred", [True, False])
@pytest.mark.parametrize("body", [BODY, upload(content=b"after a failure")])
async def test_failure_on_our_side_leaves_no_key(api: Api, body: dict[str, Any] | bytes, deferred: bool) -> None:
    """Also when it is the commit that fails."""
    key, before = new_key(), await rows_of(api)
    when = "deferrable initially deferred" if deferred else "not deferrable"
    connection = await asyncpg.connect(api.installation.database.dsn)
    try:
        await connection.execute(f"""
            create function refuse() returns trigger language plpgsql as $$ begin raise exception 'broken'; end $$;
            create constraint trigger broken after insert on idempotency_keys {when}
              for each row execute function refuse()""")
        assert (await send(api, key, body)).status_code == 500
        assert await rows_of(api) == before
        assert await keys_of(api, key) == 0
    finally:
        await connection.execute("drop function refuse() cascade")
        await connection.close()
    first = await send(api, key, body)
    check_first(first)
    check_replay(await send(api, key, body), first)
    assert (await rows_of(api))[1] == before[1] + 1


async def test_client_that_hangs_up_may_ask_again(api: Api) -> None:
    key, before = new_key(), (await rows_of(api))[1]
    async with held(api.installation.database.dsn, 1) as reached:
        running = asyncio.create_task(send(api, key))
        await reached
        running.cancel()
        await asyncio.wait([running])
    async with within(10):
        while (answer := await send(api, key)).status_code == 409:
            check_in_flight(answer)
            await asyncio.sleep(0.05)
    assert answer.status_code == 201
    assert (await rows_of(api))[1] == before + 1


async def test_key_expires_after_a_day(api: Api) -> None:
    for body in (BODY, upload(content=b"a day ago")):
        key = new_key()
        first = await send(api, key, body)
        await age(api, key, "23 hours 59 minutes")
        check_replay(await send(api, key, body), first)
        await age(api, key, "24 hours 1 second")
        second = await send(api, key, body)
        check_first(second)
        assert second.json()["batch_id"] != first.json()["batch_id"]
        check_replay(await send(api, key, body), second)
        assert await keys_of(api, key) == 1
        await age(api, key, "25 hours")
        check_first(await send(api, key, BODY | {"name": "Another request"}))


async def test_racers_for_an_expired_key_make_one_batch(api: Api) -> None:
    key = new_key()
    check_first(await send(api, key))
    await age(api, key, "25 hours")
    before = (await rows_of(api))[1]
    answers = await asyncio.gather(*(send(api, key) for _ in range(20)))
    assert {answer.status_code for answer in answers} <= {201, 409}
    assert (await rows_of(api))[1] == before + 1


async def test_expired_keys_are_deleted(api: Api) -> None:
    old, young = new_key(), new_key()
    for key in (old, young):
        check_first(await send(api, key))
    async with api.installation.database.transaction() as session:
        await repository.delete_expired(session)
    await age(api, young, "23 hours 59 minutes")
    await age(api, old, "24 hours 1 second")
    for deleted in (1, 0):
        async with api.installation.database.transaction() as session:
            assert await repository.delete_expired(session) == deleted
    assert (await keys_of(api, old), await keys_of(api, young)) == (0, 1)


@pytest.mark.parametrize("key", [b"", b"x" * 256, "schlüssel".encode(), "schlüssel".encode("latin-1"), b"a\tb"])
async def test_key_that_is_none_is_refused(api: Api, key: bytes) -> None:
    before = await rows_of(api)
    for path, headers, body in (
        ("/api/batches", [(b"Content-Type", b"application/json")], b"{}"),
        ("/api/jobs/batch", [(name.encode(), value.encode()) for name, value in FORM.items()], upload()),
    ):
        answer = await api.post(path, content=body, headers=[*headers, (b"Idempotency-Key", key)])
        assert (answer.status_code, answer.json()["code"]) == (400, "invalid_idempotency_key"), answer.text
    assert (await rows_of(api), spooled(api)) == (before, [])


@pytest.mark.parametrize("key", ["x", "!" + "~" * 254, '"quoted"\';--%\\'])
async def test_key_is_any_printable_word(api: Api, key: str) -> None:
    first = await send(api, {"Idempotency-Key": key})
    check_first(first)
    check_replay(await send(api, {"Idempotency-Key": key}), first)
    if key != key.upper():
        check_first(await send(api, {"Idempotency-Key": key.upper()}))


async def test_a_long_body_is_the_same_however_it_is_written(api: Api) -> None:
    key, body = new_key(), {"pipeline": "typed", "start": False, "items": [{"record": {"b": 1.0, "a": "ä" * 40_000}}]}
    first = await api.post("/api/batches", json=body, headers=key)
    body["items"] = [{"name": None, "record": {"a": "ä" * 40_000, "b": 1.0}}]
    text = json.dumps(body, indent=4, ensure_ascii=False).encode()
    second = await api.post("/api/batches", content=text, headers=key | {"Content-Type": "application/json"})
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json()["batch_id"] == second.json()["batch_id"]
