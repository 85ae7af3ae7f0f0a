"""The walk: folders, users, disks and limits of every kind. It starts there, or says one sentence."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

import pytest

from app.kit.postgres.server import EmbeddedPostgres
from tests.live import LiveServer
from tests.patience import patient
from tests.starting import CLEAN, ROOT, as_root, copy_of, end_what_names, has_started, is_refused, tranche, wrapped

NAMES = [
    pytest.param("my tranche", id="blank"),
    pytest.param("a,b", id="comma"),
    pytest.param("100%25", id="percent"),
    pytest.param("a#b?c&d=e+f", id="url"),
    pytest.param('it\'s "quoted"', id="quotes"),
    pytest.param("back\\slash $HOME `id`", id="shell"),
    pytest.param("übermaß 日本", id="unicode"),
    pytest.param("-dash", id="dash"),
    pytest.param("long " * 30, id="long"),
]


@pytest.mark.parametrize("name", NAMES)
def test_folders_of_any_name(place: Path, used_home: Path, name: str) -> None:
    home = copy_of(used_home, place / name / "data")
    has_started(tranche(home, "sign-in"), home)


def test_a_new_folder_of_an_odd_name_under_a_strict_umask(place: Path) -> None:
    home = place / 'new "one", 100%' / "a#b?c" / "data"
    live = LiveServer(home, ROOT / "examples" / "pipelines")
    home.parent.mkdir(parents=True)
    command = [sys.executable, "-m", "app", "serve"]
    environment = CLEAN | {"TRANCHE_HOME": str(home), "TRANCHE_PORT": "0", "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(
        command, cwd=home.parent, env=environment, stdout=subprocess.PIPE, text=True, umask=0o077
    )
    with process:
        assert process.stdout
        greeting = [process.stdout.readline() for _ in range(5)]
        process.terminate()
    assert "is ready at" in greeting[0]
    assert "/sign-in?token=" in greeting[1]
    assert "`tranche sign-in` prints another" in greeting[2]
    assert live.postgres().postmaster_pid() is None


def test_only_the_first_start_prints_a_link(live_server: LiveServer) -> None:
    live_server.terminate()
    command = [sys.executable, "-m", "app", "serve"]
    with subprocess.Popen(command, cwd=ROOT, env=live_server.environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        greeting = [process.stdout.readline() for _ in range(4)]
        process.terminate()
    assert "token=" not in "".join(greeting)
    assert "`tranche sign-in` prints a link that signs you in" in greeting[1]


def test_folders_that_cannot_be(place: Path, used_home: Path) -> None:
    is_refused(tranche(place / "line\nbreak" / "data", "sign-in"), "there is a line break in the path")
    (place / "file").write_text("")
    is_refused(tranche(place / "file", "sign-in"), "is no folder")
    (place / "dangling").symlink_to("/nowhere/at/all")
    is_refused(tranche(place / "dangling", "sign-in"), "cannot be made: File exists")
    is_refused(tranche(Path("/proc/none/data"), "sign-in"), "cannot be made")
    home = copy_of(used_home, place / "real")
    (place / "link").symlink_to(home)
    has_started(tranche(place / "link", "sign-in"), home)


def spoil_version(home: Path) -> None:
    (home / "postgres-18" / "PG_VERSION").write_text("17\n")


def rename_version(home: Path) -> None:
    (home / "postgres-18").rename(home / "postgres-17")


def spoil_control(home: Path) -> None:
    file = home / "postgres-18" / "global" / "pg_control"
    content = bytearray(file.read_bytes())
    content[8] ^= 0xFF  # the version of the control file, after the identifier
    file.write_bytes(content)


def spoil_configuration(home: Path) -> None:
    (home / "postgres-18" / "postgresql.conf").write_text("nonsense = 1\n")


def give_away(home: Path) -> None:
    for path in (home / "postgres-18", *(home / "postgres-18").rglob("*")):
        os.chown(path, 1, 1)


SPOILT = [
    (spoil_version, "is of PostgreSQL 17, and this version brings 18"),
    (rename_version, "postgres-17 is of another PostgreSQL, and this version brings 18"),
    (spoil_control, "database files are incompatible with server"),
    (spoil_configuration, 'unrecognized configuration parameter "nonsense"'),
    (lambda home: (home / "postgres-18" / "global" / "pg_control").unlink(), "is not whole"),
    (lambda home: (home / "postgres-18" / "PG_VERSION").unlink(), "is not empty, and no database either"),
    pytest.param(give_away, "runs as tranche: chown -R tranche", marks=as_root),
    pytest.param(lambda home: home.chmod(0o700), "is closed to the user tranche", marks=as_root),
]


@pytest.mark.parametrize(("spoil", "said"), SPOILT, ids=[f"spoilt-{at}" for at in range(len(SPOILT))])
def test_data_folders_that_are_spoilt(place: Path, used_home: Path, spoil: Callable[[Path], None], said: str) -> None:
    home = copy_of(used_home, place / uuid4().hex)
    spoil(home)
    began = time.monotonic()
    is_refused(tranche(home, "sign-in"), said)
    is_refused(tranche(home, "serve", TRANCHE_PORT="0"), said)
    found = tranche(home, "doctor").stdout
    assert [line for line in found.splitlines() if "WRONG" in line and "PostgreSQL" in line], found
    assert time.monotonic() - began < patient(30), "what does not pass is not tried forty times"
    assert end_what_names(home) == 0


def test_a_lock_file_that_names_another_program(place: Path, used_home: Path) -> None:
    home = copy_of(used_home, place / "stale")
    (home / "postgres-18" / "postmaster.pid").write_text(f"{os.getpid()}\n{home}/postgres-18\n")
    has_started(tranche(home, "sign-in"), home)


def test_a_first_start_that_is_killed_leaves_nothing_in_the_way(place: Path) -> None:
    home = place / "killed"
    command = [sys.executable, "-m", "app", "sign-in"]
    environment = CLEAN | {"TRANCHE_HOME": str(home), "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(command, cwd="/", env=environment, start_new_session=True)
    partial = home / "postgres-18.partial"
    deadline = time.monotonic() + patient(30)
    while not (partial / "global").exists():
        assert time.monotonic() < deadline
        assert process.poll() is None
        time.sleep(0.005)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    end_what_names(home)
    assert not (home / "postgres-18").exists()

    async def start_again() -> None:
        server = EmbeddedPostgres(home)
        await server.start()
        await server.stop()

    asyncio.run(start_again())
    assert not partial.exists()


def test_an_inherited_environment_means_another_server(place: Path, used_home: Path) -> None:
    home = copy_of(used_home, place / "inherited")
    postgres = "PGHOST=nowhere PGPORT=1 PGSERVICE=x PGUSER=x PGDATABASE=x PGSSLMODE=verify-full"
    others = "PGOPTIONS=-cfoo=1 PGTARGETSESSIONATTRS=standby HTTP_PROXY=http://127.0.0.1:9 TZ=Foo/Bar"
    inherited = dict(pair.split("=", 1) for pair in f"{postgres} {others}".split())
    has_started(tranche(home, "sign-in", **inherited), home)
    backup = tranche(home, "backup", str(place / "kept"), **inherited)
    assert backup.returncode == 0, backup.stderr


def test_a_locale_that_writes_no_umlauts(place: Path, used_home: Path) -> None:
    home = copy_of(used_home, place / "plain")
    wrapper = ["env", "LC_ALL=C", "PYTHONUTF8=0", "PYTHONCOERCECLOCALE=0"]
    has_started(wrapped(wrapper, home, "sign-in"), home)
    home = copy_of(used_home, place / "übermaß")
    is_refused(wrapped(wrapper, home, "sign-in"), "set PYTHONUTF8=1")


@pytest.mark.parametrize("limit", ["--nofile=256", f"--as={600 << 20}"])
def test_limits_of_the_process(place: Path, used_home: Path, limit: str) -> None:
    home = copy_of(used_home, place / limit)
    has_started(wrapped(["prlimit", limit], home, "sign-in"), home)


def test_too_little_memory(place: Path, used_home: Path) -> None:
    home = copy_of(used_home, place / "memory")
    is_refused(wrapped(["prlimit", f"--as={220 << 20}"], home, "sign-in"), "Give the service more memory")


def mounting(*commands: str) -> list[str]:
    """A wrapper with mounts of its own; skips the test where none can be had."""
    if subprocess.run(["unshare", "-m", "mount", "-t", "tmpfs", "tmpfs", "/mnt"], capture_output=True).returncode:
        pytest.skip("no mounts can be made here")
    return ["unshare", "-m", "sh", "-c", " && ".join([*commands, 'exec "$@"']), "sh"]


@as_root
def test_disks_that_are_small_or_full(place: Path, used_home: Path) -> None:
    disk = place / "disk"
    disk.mkdir()
    mount = f"mount -t tmpfs -o mode=755,size={{}} tmpfs {disk}"
    new, used = disk / "new", disk / "used"
    is_refused(wrapped(mounting(mount.format("30m")), new, "sign-in"), "too little room on the disk")
    is_refused(wrapped(mounting(mount.format("200m,nr_inodes=300")), new, "sign-in"), "too few files are free")
    fill = [mount.format("150m"), f"cp -a {used_home} {used}", f"(cat /dev/zero > {disk}/zeros || true) 2>/dev/null"]
    is_refused(wrapped(mounting(*fill), used, "sign-in"), "Make room on the disk of the data folder")


@as_root
@pytest.mark.parametrize("options", ["size=1m", "mode=000"])
def test_little_or_no_shared_memory(place: Path, used_home: Path, options: str) -> None:
    home = copy_of(used_home, place / options)
    has_started(wrapped(mounting(f"mount -t tmpfs -o {options} tmpfs /dev/shm"), home, "sign-in"), home)


@as_root
def test_a_system_that_is_read_only(place: Path, used_home: Path) -> None:
    home = copy_of(used_home, place / "writable")
    only_there = mounting(
        f"mount --bind {home} {home}", "mount -t tmpfs -o noexec tmpfs /mnt", "mount -o remount,ro,bind /"
    )
    has_started(wrapped([*only_there, "env", "TMPDIR=/mnt"], home, "sign-in"), home)


@as_root
def test_a_user_without_a_name(place: Path) -> None:
    folder = place / "nameless"
    folder.mkdir()
    os.chown(folder, 12345, 12345)
    wrapper = ["setpriv", "--reuid=12345", "--regid=12345", "--clear-groups"]
    if subprocess.run([*wrapper, sys.executable, "-c", "import app", ROOT], cwd=ROOT, capture_output=True).returncode:
        pytest.skip("other users cannot run this Python")
    is_refused(wrapped(wrapper, folder / "data", "sign-in"), "does not run as a user without a name")


@as_root
def test_a_system_whose_users_cannot_be_changed(place: Path) -> None:
    users = place / "passwd"
    users.write_text("root:x:0:0:root:/root:/bin/sh\n")
    read_only = mounting(f"mount --bind {users} /etc/passwd", "mount -o remount,ro,bind /etc/passwd")
    is_refused(wrapped(read_only, place / "users", "sign-in"), "the system user tranche that it would run as cannot be")
