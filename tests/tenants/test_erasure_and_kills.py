"""An organisation is erased while it works, and the service is killed in the middle, again and again."""

from __future__ import annotations

import asyncio
import hashlib
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import Any

import asyncpg
import httpx
import pytest

from app.files.garbage_collection import LOCK_KEY
from tests.conftest import WORKLOADS, make_home
from tests.files.bucket import NAME, Bucket, serving_bucket
from tests.live import LiveServer
from tests.notifications.receiver import receiving
from tests.patience import patient, within
from tests.tenants.searching import search
from tests.tenants.test_erasure import make_old

pytestmark = pytest.mark.own_service
MARK, MAIL = "sentinel-2718", "ada.sentinel-2718@example.org"
OWN, SHARED = f"own content {MARK}".encode(), b"a content that two organisations have"
HELD = (
    "select 1 from batches where organisation_id = $1 for update",
    "select 1 from users where organisation_id = $1 for update",
    "select 1 from organisations where id = $1 for update",
    f"select pg_advisory_xact_lock({LOCK_KEY})",
)
"""What another transaction holds, so that an erasure stands still in front of it, in the order in which it comes."""


@dataclass
class Doomed:
    """The organisation that is erased, and what it goes on doing."""

    id: str
    key: str
    users: list[str]
    batch: str = ""
    answers: list[int] = field(default_factory=list)


@asynccontextmanager
async def installation(*, bucket: bool) -> AsyncIterator[tuple[LiveServer, Bucket | None]]:
    async with AsyncExitStack() as stack:
        environment = {"TRANCHE_OUTBOUND_ALLOW": "127.0.0.1", "TRANCHE_SHARED_ACCOUNTS": "*"}
        served = await stack.enter_async_context(serving_bucket()) if bucket else None
        if served:
            environment |= served[1] | {"TRANCHE_STORAGE_URL": f"s3://{NAME}/below"}
        home = make_home()
        stack.callback(shutil.rmtree, home, ignore_errors=True)
        server = LiveServer(home, WORKLOADS, **environment)
        stack.callback(server.destroy)
        await asyncio.to_thread(server.start)
        yield server, served[0] if served else None


async def make_doomed(operator: httpx.AsyncClient, server: LiveServer, hook: str) -> Doomed:
    async def post(client: httpx.AsyncClient, path: str, **more: Any) -> Any:
        answer = await client.post(path, **more)
        assert answer.is_success, (path, answer.text)
        return answer.json()

    made = await post(operator, "/api/organisations", json={"name": f"Doomed {MARK}"})
    path = f"/api/organisations/{made['id']}/invitations"
    invited = await post(operator, path, json={"name": f"Ada {MARK}", "role": "admin", "email": MAIL})
    taken = await post(operator, "/api/invitations/accept", json={"code": invited["code"]})
    doomed = Doomed(made["id"], taken["key"], [taken["user"]["id"]])
    async with client_of(server, doomed.key) as client:
        await post(client, "/api/webhooks", json={"url": hook, "events": ["batch.*"], "description": MARK})
        await post(client, "/api/users", json={"name": f"Bob {MARK}", "role": "member"})
        files = [("files", (f"{MARK}.txt", OWN)), ("files", ("shared.txt", SHARED))]
        done = await post(client, "/api/jobs/batch", data={"pipeline": "checksum", "name": MARK}, files=files)
        await finished(client, done["batch_id"])
        body = {"pipeline": "slow", "name": f"slow {MARK}", "params": {"seconds": 5}}
        slow = await post(client, "/api/batches", json=body | {"items": [{"record": {"a": MARK}}] * 40})
        users = (await client.get("/api/users")).json()["users"]
    doomed.users, doomed.batch = [user["id"] for user in users], slow["batch_id"]
    return doomed


def client_of(server: LiveServer, key: str) -> httpx.AsyncClient:
    return httpx.AsyncClient(
        base_url=server.url, headers={"Authorization": f"Bearer {key}"}, timeout=patient(60), trust_env=False
    )


async def finished(client: httpx.AsyncClient, batch_id: str) -> None:
    headers = {"Accept": "text/event-stream"}
    async with client.stream("GET", f"/api/batches/{batch_id}/events", headers=headers) as stream:
        async for _ in stream.aiter_lines():
            pass


async def go_on_working(server: LiveServer, doomed: Doomed) -> None:
    """Uploads and streams of the organisation, for as long as it is let in."""
    number = 0
    while not doomed.answers or doomed.answers[-1] not in (401, 403):
        number += 1
        with suppress(httpx.TransportError):
            async with client_of(server, doomed.key) as client:
                put = await client.put(f"/api/files/{MARK}-{number}.txt", content=f"{number} {MARK}".encode() * 5000)
                doomed.answers.append(put.status_code)


async def stand_still_and_kill(
    server: LiveServer,
    connection: asyncpg.Connection[asyncpg.Record],
    doomed: Doomed,
    held: str,
    begin: Callable[[], Awaitable[object]],
) -> None:
    """Holds what an erasure needs, begins or goes on with it, waits until it stands still, and kills the service."""
    async with connection.transaction():
        await connection.fetch(held, *([doomed.id] if "$1" in held else []))
        await begin()
        # pg_stat_activity stays as it was at the first look of a transaction: who connects later is not in it.
        waiting = "select count(*) from pg_locks where not granted and pg_backend_pid() = any(pg_blocking_pids(pid))"
        there = "select count(*) from organisations where id = $1"
        async with within(60):
            # The lock of contents is tried and not waited for: it is the last thing, when the organisation is gone.
            while not await connection.fetchval(waiting) and await connection.fetchval(there, doomed.id):
                await asyncio.sleep(0.02)
        await asyncio.to_thread(server.kill)


async def over(connection: asyncpg.Connection[asyncpg.Record]) -> None:
    async with within(60):
        while await connection.fetchval("select count(*) from erasures"):
            await asyncio.sleep(0.1)


def contents_of(server: LiveServer) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (server.home / "files").rglob("*") if path.is_file()}


def spooled(server: LiveServer) -> dict[str, bytes]:
    """Everything in the data folder that is neither the database nor a log."""
    files = (path for path in server.home.rglob("*") if path.is_file())
    return {
        str(path): path.read_bytes()
        for path in files
        if server.postgres().data not in path.parents and path.name != "service.log"
    }


async def follow(server: LiveServer, doomed: Doomed) -> None:
    """A stream of the organisation, until it is ended."""
    async with client_of(server, doomed.key) as client:
        await finished(client, doomed.batch)


@pytest.mark.parametrize("bucket", [False, True], ids=["folder", "bucket"])
async def test_nothing_is_left_whenever_it_is_killed(bucket: bool) -> None:
    async with installation(bucket=bucket) as (server, store), receiving() as receiver:
        async with client_of(server, server.admin_key) as operator:
            hook = receiver.url(f"/{MARK}")
            files = [("files", ("ours.txt", SHARED))]
            ours = (await operator.post("/api/jobs/batch", data={"pipeline": "checksum"}, files=files)).json()
            await finished(operator, ours["batch_id"])
            doomed = await make_doomed(operator, server, hook)
            worker = asyncio.create_task(go_on_working(server, doomed))
            reader = asyncio.create_task(follow(server, doomed))
            await receiver.wait(f"/{MARK}", 2)
            while len(doomed.answers) < 3:
                await asyncio.sleep(0.01)
            connection = await asyncpg.connect(server.postgres().dsn)
            sums = await connection.fetch("select sha256 from files where organisation_id = $1", doomed.id)
            shared = hashlib.sha256(SHARED).hexdigest()
            theirs = await connection.fetch("select sha256 from files where organisation_id <> $1", doomed.id)
            own = {row["sha256"] for row in sums} - {row["sha256"] for row in theirs}
            assert shared not in own
            assert len(own) > 3
            wanted = (MARK, MAIL, *doomed.users, *own)
            assert len(await search(connection, *wanted)) > 8
            if store:
                store.age = timedelta(hours=1)
            else:
                make_old(server.home)

            async def ask() -> None:
                path = f"/api/organisations/{doomed.id}/erase"
                begun = await operator.post(path, json={"name": f"Doomed {MARK}"})
                assert begun.status_code == 200, begun.text
                await asyncio.gather(worker, reader)
                assert doomed.answers[-1] in (401, 403)
                if not store:
                    make_old(server.home)

            begin: Callable[[], Awaitable[object]] = ask
            for held in HELD:
                await stand_still_and_kill(server, connection, doomed, held, begin)
                begin = partial(asyncio.to_thread, server.start)
            await begin()
        await over(connection)
        left = await search(connection, *wanted)
        assert left == {}, "rows"
        assert set(await search(connection, doomed.id)) <= {"public.audit_log"}, "that it was erased, by its id"
        kept = store.objects if store else contents_of(server)
        assert not [key for key, content in kept.items() if MARK.encode() in content or key[-64:] in own]
        assert [content for content in kept.values() if content == SHARED] == [SHARED]
        assert not [name for name, content in spooled(server).items() if MARK.encode() in content]
        async with client_of(server, server.admin_key) as operator:
            archive = await operator.get(f"/api/batches/{ours['batch_id']}/download")
            assert archive.status_code == 200
        sent = len(receiver.received)
        await connection.close()
        await asyncio.to_thread(server.terminate)
        assert len(receiver.received) == sent, "nothing is sent any more"
