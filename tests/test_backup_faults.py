"""What goes wrong while a backup is made or restored: one sentence, and nothing is left behind."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import asyncpg
import pytest

from app.commands import backup_series
from app.installation import Installation
from tests import processes
from tests.conftest import Api, make_settings
from tests.database import PostgresServer, other_server
from tests.kit.test_migrations import empty_database
from tests.patience import patient
from tests.postgres_versions import execute
from tests.test_backup_versions import TABLES, contents, owned_database, tranche

pytestmark = pytest.mark.own_service
FILES = 5


@pytest.fixture(scope="module")
async def stored(api: Api, home: Path) -> list[Path]:
    """The contents of a service that has a few files."""
    for number in range(FILES):
        reply = await api.put(f"/api/files/sheet {number}.txt", content=f"sheet {number}".encode())
        assert reply.status_code == 201
    return sorted((home / "files").glob("??/??/*"))


async def command(home: Path, dsn: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    return await asyncio.to_thread(tranche, home, *arguments, dsn=dsn)


@pytest.fixture(scope="module")
async def kept(stored: list[Path], home: Path, database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("backups") / "kept"
    done = await command(home, database_url, "backup", folder)
    assert done.returncode == 0, done.stderr
    return folder


async def tables(dsn: str) -> list[str]:
    connection = await asyncpg.connect(dsn)
    try:
        return [row[0] for row in await connection.fetch(TABLES)]
    finally:
        await connection.close()


async def assert_refused(folder: Path, home: Path, dsn: str, sentence: str) -> None:
    """Restoring says one sentence, and there is nothing in the database and the data folder."""
    before, there = await tables(dsn), files_of(home)
    done = await command(home, dsn, "restore", folder)
    assert (done.returncode, bool(re.search(sentence, done.stderr)), done.stderr.count("\n")) == (1, True, 1), (
        done.stderr
    )
    assert await tables(dsn) == before
    assert files_of(home) == there


def files_of(home: Path) -> set[Path]:
    home.mkdir(exist_ok=True)
    return {path for path in home.rglob("*") if path.is_file()}


def names_in(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()} - {backup_series.LOCK}


def flip(file: Path, place: int) -> None:
    """Another byte at a place, in a file of its own: contents of backups may be hard links."""
    content = bytearray(file.read_bytes())
    content[place] ^= 0xFF
    file.unlink()
    file.write_bytes(content)


@pytest.mark.parametrize(
    "part", ["dump", "dump of an older version", "content", "missing content", "content of no name"]
)
async def test_a_damaged_backup_is_refused(part: str, kept: Path, postgres: PostgresServer, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(kept, copy)
    one = sorted((copy / "files").glob("??/??/*"))[0]
    if part.startswith("dump"):
        dump = copy / "database.dump"
        flip(dump, dump.stat().st_size // 2)
        if part != "dump":  # whose manifest has no hash: that it ends too early is met in the middle
            dump.write_bytes(dump.read_bytes()[: dump.stat().st_size * 3 // 4])
            manifest = json.loads((copy / "backup.json").read_text())
            few = {name: manifest[name] for name in ("schema", "taken_at", "contents", "size")}
            (copy / "backup.json").write_text(json.dumps(few))
    elif part == "content":
        flip(one, 0)
    elif part == "missing content":
        one.unlink()
    else:
        one.with_name("0" * 64).write_bytes(b"")
    async with empty_database(postgres) as dsn:
        await assert_refused(copy, tmp_path / "home", dsn, "is damaged|does not take")


async def test_a_database_and_a_folder_that_have_something_are_refused(
    kept: Path, postgres: PostgresServer, tmp_path: Path
) -> None:
    async with empty_database(postgres) as dsn:
        home = tmp_path / "home"
        home.mkdir()
        (home / "secret.key").write_text("another")
        await assert_refused(kept, home, dsn, "is another installation's")
        (home / "secret.key").unlink()
        await execute(dsn, "create schema theirs", "create table theirs.jobs (id int)")
        await assert_refused(kept, home, dsn, "The database is not empty, it has theirs.jobs.")


async def test_what_a_database_refuses_leaves_nothing(kept: Path, postgres: PostgresServer, tmp_path: Path) -> None:
    """In the middle of loading: the last index of a table is one too many for the space that there is."""
    async with owned_database(postgres) as dsn:
        name = dsn.partition("//")[2].partition("@")[0]
        await execute(
            postgres.address(name),
            f"revoke create on database {name} from {name}",
            f"alter database {name} owner to postgres",
        )
        await assert_refused(kept, tmp_path / "home", dsn, "PostgreSQL does not take the dump: ")


async def test_a_killed_restore_leaves_an_empty_database(kept: Path, postgres: PostgresServer, tmp_path: Path) -> None:
    """The database waits for a lock that we hold when the command is killed; run again, it succeeds."""
    async with empty_database(postgres) as dsn:
        home = tmp_path / "home"
        home.mkdir()
        blocker = await asyncpg.connect(dsn)
        async with blocker.transaction():
            await blocker.execute("create schema runner")
            process = start(home, dsn, "restore", kept)
            await wait_until_blocked(dsn)
            process.kill()
            process.wait(patient(10))
            await blocker.execute("drop schema runner")
        while await blocker.fetchval(
            "select count(*) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()"
        ):
            await asyncio.sleep(0.02)
        assert await tables(dsn) == []
        await blocker.close()
        done = await command(home, dsn, "restore", kept)
        assert done.returncode == 0, done.stderr


async def wait_until_blocked(dsn: str) -> None:
    """By a connection of its own: what a transaction sees of the others' activity stays as it was."""
    query = "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"
    connection = await asyncpg.connect(dsn)
    until = time.monotonic() + patient(30)
    while not await connection.fetchval(query):
        assert time.monotonic() < until
        await asyncio.sleep(0.02)
    await connection.close()


def start(home: Path, dsn: str, *arguments: object) -> processes.Process:
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("TRANCHE_", "DATABASE_URL"))}
    return processes.Process([*map(str, arguments)], clean | {"TRANCHE_HOME": str(home), "DATABASE_URL": dsn})


async def test_a_killed_backup_is_none(stored: list[Path], home: Path, database_url: str, tmp_path: Path) -> None:
    """Killed while pg_dump waits for a table; the next one of that name succeeds, and nothing of the first is left."""
    blocker = await asyncpg.connect(database_url)
    folder = tmp_path / "kept"
    async with blocker.transaction():
        await blocker.execute("lock table files")
        process = start(home, database_url, "backup", folder)
        await wait_until_blocked(database_url)
        process.kill()
        process.wait(patient(10))
    await blocker.close()
    assert not folder.exists()
    done = await command(home, database_url, "backup", folder)
    assert done.returncode == 0, done.stderr
    assert names_in(tmp_path) == {folder.name}


@contextmanager
def small_disk(folder: Path, size: str) -> Iterator[Path]:
    folder.mkdir()
    if os.geteuid() or subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", folder]).returncode:
        pytest.skip("a disk of a test's own needs root")
    try:
        yield folder
    finally:
        subprocess.run(["umount", folder], check=True)


def close_disk(disk: Path) -> None:
    subprocess.run(["mount", "-o", "remount,ro", disk], check=True)


async def test_a_full_disk_and_one_that_is_read_only(
    stored: list[Path], home: Path, database_url: str, tmp_path: Path
) -> None:
    with small_disk(tmp_path / "disk", "64k") as disk:
        for arguments in ([disk / "kept"], [disk, "--keep", "2"]):
            done = await command(home, database_url, "backup", *arguments)
            assert (done.returncode, "o space left on device" in done.stderr) == (1, True), done.stderr
            assert names_in(disk) == set()
        close_disk(disk)
        for arguments in ([disk / "kept"], [disk, "--keep", "2"]):
            done = await command(home, database_url, "backup", *arguments)
            assert (done.returncode, "ead-only file system" in done.stderr) == (1, True), done.stderr


async def test_contents_that_the_storage_lost_are_named(
    stored: list[Path], home: Path, database_url: str, postgres: PostgresServer, tmp_path: Path
) -> None:
    """The backup is made and says which; those that were kept before stay, as they may have them."""
    series = tmp_path / "series"
    first = await command(home, database_url, "backup", series, "--keep", "1")
    assert first.returncode == 0, first.stderr
    (whole,) = series.glob("tranche-*")
    lost, damaged = stored[0], stored[1]
    before = {path: path.read_bytes() for path in (lost, damaged)}
    try:
        lost.unlink()
        flip(damaged, 0)
        done = await command(home, database_url, "backup", series, "--keep", "1")
        assert done.returncode == 3, done.stderr
        assert f"is missing (SHA-256 {lost.name})" in done.stderr
        assert f"is damaged (SHA-256 {damaged.name})" in done.stderr
        assert "sheet" in done.stderr
    finally:
        for path, content in before.items():
            path.unlink(missing_ok=True)
            path.write_bytes(content)
    assert whole.exists()
    (lacking,) = set(series.glob("tranche-*")) - {whole}
    async with empty_database(postgres) as dsn:
        target = tmp_path / "target"
        target.mkdir()
        done = await command(target, dsn, "restore", lacking)
        assert done.returncode == 0, done.stderr
        assert contents(target / "files") == {path.name for path in stored} - {lost.name}
    # The next whole one takes the place of both: no more than one whole one is kept, and what lacks something stays.
    done = await command(home, database_url, "backup", series, "--keep", "1")
    assert done.returncode == 0, done.stderr
    assert not whole.exists()
    assert lacking.exists()


async def test_only_old_ones_of_the_series_go(
    kept: Path, stored: list[Path], home: Path, database_url: str, tmp_path: Path
) -> None:
    others = ["tranche-20260101T000000Z", "2026-01-01", "notes"]
    for name in others:  # the first has its name, and is no backup
        (tmp_path / name).mkdir()
    (tmp_path / ".tranche-20260101T000001Z.partial").mkdir()
    made = ["tranche-20260201T000000Z", "tranche-20260202T000000Z", "tranche-20260203T000000Z"]
    for name in made:
        shutil.copytree(kept, tmp_path / name)
    failed = await command(home, "postgresql://postgres@127.0.0.1:1/none", "backup", tmp_path, "--keep", "2")
    assert failed.returncode == 1
    assert names_in(tmp_path) == {*others, *made}
    done = await command(home, database_url, "backup", tmp_path, "--keep", "2")
    assert done.returncode == 0, done.stderr
    (new,) = names_in(tmp_path) - {*others, made[2]}
    assert new > made[2]
    with backup_series._alone(tmp_path):
        busy = await command(home, database_url, "backup", tmp_path, "--keep", "2")
        assert (busy.returncode, "under way" in busy.stderr) == (1, True)


async def test_extensions_that_the_target_cannot_have_are_left_out(tmp_path: Path) -> None:
    """As on a managed database, which has some that only its superuser made."""
    async with other_server(15) as server, owned_database(server) as source, owned_database(server) as target:
        settings = make_settings(tmp_path, source)
        installation = Installation(settings)
        await installation.migrate()
        await installation.database.stop()
        name = source.partition("//")[2].partition("@")[0]
        await execute(server.address(name), "create extension pg_stat_statements", "create extension citext")
        done = await command(tmp_path, source, "backup", tmp_path / "kept")
        assert done.returncode == 0, done.stderr
        done = await command(tmp_path, target, "restore", tmp_path / "kept")
        assert done.returncode == 0, done.stderr
        assert "pg_stat_statements was left out" in done.stdout
        assert "citext" not in done.stdout  # a trusted one
