"""A backup that is taken while the service works is whole, and what was under way goes on where it is restored."""

from __future__ import annotations

import asyncio
import hashlib
import io
import re
import shutil
import threading
import zipfile
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit

import asyncpg
import httpx
import pytest
from sqlalchemy import text

from app.commands.dump import address_without_password as _address
from app.files.garbage_collection import collect, pause_collection
from app.files.storage import Storage
from tests.conftest import WORKLOADS, Api, make_home
from tests.files.bodies import query
from tests.live import LiveServer
from tests.test_commands import run

pytestmark = pytest.mark.own_service


@pytest.fixture
def homes() -> Iterator[tuple[Path, Path]]:
    """Two data folders on one disk."""
    folders = make_home(), make_home()
    yield folders
    for folder in folders:
        shutil.rmtree(folder, ignore_errors=True)


def submit(client: httpx.Client, number: int, pipeline: str = "originals") -> str:
    files = [("files", (f"PL_DXB191_{number}_{n}.txt", f"{number} {n}".encode() * 500)) for n in range(10)]
    reply = client.post("/api/jobs/batch", data={"pipeline": pipeline}, files=files)
    return str(reply.raise_for_status().json()["batch_id"])


def follow(client: httpx.Client, batch_id: str) -> str:
    with client.stream("GET", f"/api/batches/{batch_id}/events", headers={"Accept": "text/event-stream"}) as stream:
        for _ in stream.iter_lines():
            pass
    return str(client.get(f"/api/batches/{batch_id}").json()["batch"]["status"])


def test_backup_under_load_restores_elsewhere(homes: tuple[Path, Path]) -> None:
    home, second = homes
    first = LiveServer(home, WORKLOADS)
    other = LiveServer(second, WORKLOADS)
    kept = home / "kept"
    try:
        first.start()
        enough = threading.Event()
        with first.client() as client:
            ended = submit(client, 0)
            assert follow(client, ended) == "completed"

            def load() -> None:
                with first.client() as own:
                    for number in range(1, 1000):
                        submit(own, number)
                        if enough.is_set():
                            return

            loader = threading.Thread(target=load)
            loader.start()
            try:
                done = run(home, first.port, "backup", kept)
            finally:
                enough.set()
                loader.join()
            assert done.returncode == 0, done.stderr
            whole = client.get(f"/api/batches/{ended}/download").content
        assert {path.stat().st_mode & 0o777 for path in (kept, *kept.rglob("*")) if path.is_dir()} == {0o700}
        assert {path.stat().st_mode & 0o777 for path in kept.rglob("*") if path.is_file()} == {0o600}
        again = run(home, first.port, "backup", kept)
        assert (again.returncode, "already exists" in again.stderr) == (1, True)
        first.kill()

        refused = run(home, 0, "migrate", "tranche_0002")
        assert (refused.returncode, "use --force" in refused.stderr) == (1, True), refused.stderr
        refused = run(home, 0, "restore", kept)
        assert (refused.returncode, "not empty" in refused.stderr) == (1, True), refused.stderr
        done = run(second, 0, "restore", kept)
        assert done.returncode == 0, done.stderr
        asyncio.run(check_contents(other))
        other.start()
        assert other.admin_key == first.admin_key
        with other.client() as client:
            assert client.get(f"/api/batches/{ended}/download").content == whole
            done = asyncio.run(actions_at_shell(other))
            assert done == ["backup.restored"]  # the dump is from before the backup was told of
            ids = [batch["id"] for batch in client.get("/api/batches?limit=100").json()["batches"]]
            assert {follow(client, batch_id) for batch_id in ids} == {"completed"}
            for batch_id in ids[:5]:
                content = client.get(f"/api/batches/{batch_id}/download").content
                with zipfile.ZipFile(io.BytesIO(content)) as archive:
                    assert (len(archive.namelist()), archive.testzip()) == (10, None)
    finally:
        for server in (first, other):
            server.destroy()


async def check_contents(server: LiveServer) -> None:
    """Every file that the restored database names is there, with its bytes."""
    postgres = server.postgres()
    await postgres.start()
    connection = await asyncpg.connect(postgres.dsn)
    rows = await connection.fetch("select distinct sha256, storage_key from files")
    await connection.close()
    await postgres.stop()
    assert len(rows) >= 10
    for row in rows:
        content = (server.home / "files" / row["storage_key"]).read_bytes()
        assert hashlib.sha256(content).hexdigest() == row["sha256"]


async def actions_at_shell(server: LiveServer) -> list[str]:
    connection = await asyncpg.connect(server.postgres().dsn)
    rows = await connection.fetch("select action from audit_log where actor_kind = 'command' order by at, id")
    await connection.close()
    return [row["action"] for row in rows]


def test_what_is_no_backup_is_refused(homes: tuple[Path, Path]) -> None:
    home, folder = homes
    done = run(home, 0, "restore", folder)
    assert (done.returncode, "is not a backup" in done.stderr) == (1, True)
    (folder / "database.dump").write_bytes(b"PGDMP")
    (folder / "backup.json").write_text('{"schema": "tranche_9999", "taken_at": "", "contents": 0, "size": 0}')
    done = run(home, 0, "restore", folder)
    assert (done.returncode, "newer version" in done.stderr) == (1, True)


async def test_nothing_is_collected_while_a_backup_is_taken(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    file = (await api.put("/api/files/unused.txt", content=b"named by nothing soon")).json()
    key = await query(api, "select storage_key from files where id = :id", id=file["id"])
    async with api.installation.database.transaction() as session:
        await session.execute(text("delete from files where id = :id"), {"id": file["id"]})
    monkeypatch.setattr("app.files.garbage_collection.GRACE", timedelta(seconds=-5))
    storage, database = api.installation.get(Storage), api.installation.database
    async with pause_collection(database):
        assert await collect(database, storage, key[:2]) == 0
        assert await storage.exists(key)
    assert await collect(database, storage, key[:2]) >= 1
    assert not await storage.exists(key)


@pytest.mark.parametrize("password", ["plain", "c:o\\l@on/ü"])
def test_password_of_the_database_is_not_among_the_arguments(password: str, tmp_path: Path) -> None:
    with _address(f"postgresql://me:{quote(password, safe='')}@db.example:5433/tranche?sslmode=require") as address:
        parts = urlsplit(address)
        assert (parts.username, parts.password, parts.hostname, parts.port) == ("me", None, "db.example", 5433)
        asked = parse_qs(parts.query)
        assert asked["sslmode"] == ["require"]
        file = Path(asked["passfile"][0])
        assert file.stat().st_mode & 0o077 == 0
        stored = file.read_text().removeprefix("*:*:*:*:").removesuffix("\n")
        assert re.sub(r"\\(.)", r"\1", stored) == password
    assert not file.exists()
