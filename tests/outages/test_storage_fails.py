"""The storage's disk fails, is full or not there: nothing half-written stays, and jobs wait."""

from __future__ import annotations

import asyncio
import errno
import hashlib
import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from app.files import blocks
from app.files.errors import ContentMissing, StorageFailed, StorageUnavailable
from app.files.spool import spool_bytes
from app.files.storage import Storage
from app.kit import availability
from app.kit.availability import outlast, patience, unseen
from app.kit.service import running
from tests.batch_helpers import get_batch
from tests.conftest import make_home, make_settings, serving
from tests.live import LiveServer
from tests.outages.conftest import WORKLOADS, Server, check_unharmed, submit_files, until, wrong
from tests.patience import patient

SHIM = """
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>
static int fails(void) { char *flag = getenv("FSYNC_FAILS_WHILE"); return flag && access(flag, F_OK) == 0; }
int fsync(int fd) {
  if (fails()) { errno = EIO; return -1; }
  return ((int (*)(int))dlsym(RTLD_NEXT, "fsync"))(fd);
}
int syncfs(int fd) {
  if (fails()) { errno = EIO; return -1; }
  return ((int (*)(int))dlsym(RTLD_NEXT, "syncfs"))(fd);
}
"""


SMALL_DISK = 64 * 1024 * 1024


@pytest.fixture
def shim(tmp_path: Path) -> Path:
    """A library with an fsync that fails while a file is there."""
    compiler = shutil.which("cc")
    if not compiler:
        pytest.skip("there is no C compiler")
    source, library = tmp_path / "shim.c", tmp_path / "shim.so"
    source.write_text(SHIM)
    subprocess.run([compiler, "-shared", "-fPIC", "-o", library, source, "-ldl"], check=True)
    return library


@pytest.fixture
def faulty_server(shim: Path, used_home: Path, tmp_path: Path) -> Iterator[tuple[LiveServer, Path]]:
    """A service whose disk fails while the file is there."""
    home, flag = make_home(), tmp_path / "fails"
    subprocess.run(["cp", "-a", f"{used_home}/.", home], check=True)
    environment = {"LD_PRELOAD": str(shim), "FSYNC_FAILS_WHILE": str(flag), "TRANCHE_LOG_FORMAT": "json"}
    # PYTHONPATH: in a process that starts with the library, instead of one that is forked.
    server = LiveServer(home, WORKLOADS, PYTHONPATH=str(Path.cwd()), **environment)
    try:
        server.start()
        yield server, flag
    finally:
        server.destroy()
        shutil.rmtree(home, ignore_errors=True)


async def test_disk_that_reports_errors(faulty_server: tuple[LiveServer, Path]) -> None:
    server, flag = faulty_server
    headers = {"Authorization": f"Bearer {server.admin_key}"}
    async with httpx.AsyncClient(base_url=server.url, headers=headers, timeout=patient(30)) as api:
        batch_id = await submit_files(api)
        written = (server.home / "service.log").stat().st_size
        flag.touch()
        kept = sorted((server.home / "files").rglob("*"))
        for count in (1, 3):
            files = [("files", (f"{n}.txt", f"new {count} {n}".encode())) for n in range(count)]
            refused = await api.post("/api/jobs/batch", data={"pipeline": "keeping"}, files=files)
            assert (refused.status_code, refused.json()["code"]) == (503, "storage_failed")
            assert int(refused.headers["retry-after"]) > 0
        new = {path.name for path in set((server.home / "files").rglob("*")) - set(kept) if path.is_file()}
        assert not {hashlib.sha256(f"new {count} {n}".encode()).hexdigest() for count in (1, 3) for n in range(3)} & new
        await asyncio.sleep(1)
        assert (await wrong(api))["storage"] == "The disk of the file store reports errors."
        flag.unlink()
        await check_unharmed(api, batch_id)
        assert [path.name for path in (server.home / "incoming").glob("*/*")] == ["lock"]
        lines = [json.loads(line) for line in (server.home / "service.log").read_text()[written:].splitlines()]
        errors = [line["event"] for line in lines if line["level"] == "error"]
        assert len(errors) == 1
        assert errors[0].startswith("the storage: The disk of the file store reports errors. (OSError: [Errno 5]")


@contextmanager
def mounted(folder: Path, size: int) -> Iterator[None]:
    """A small disk in this place."""
    made = os.geteuid() == 0 and shutil.which("mount")
    options = f"size={size},mode=755"
    if not made or subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", folder], check=False).returncode:
        pytest.skip("a small disk can only be mounted by root")
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", folder], check=True)


async def test_jobs_wait_for_room_on_the_disk(server: Server) -> None:
    home = make_home()
    with mounted(home, SMALL_DISK):
        async with serving(make_settings(home, server.dsn, pipelines_dir=WORKLOADS)) as api:
            batch_id = await submit_files(api)
            filler = home / "filler"
            with filler.open("wb") as file:
                os.posix_fallocate(file.fileno(), 0, shutil.disk_usage(home).free)

            async def is_told() -> bool:
                return "storage" in await wrong(api)

            await until(is_told)
            assert (await wrong(api))["storage"] == "The disk of the file store is full."
            record = await api.post("/api/batches", json={"pipeline": "strange", "items": [{"record": {"dsn": "x"}}]})
            waiting = (await api.get(f"/api/batches/{batch_id}/waiting")).json()["reasons"]
            assert record.status_code == 201, waiting
            await asyncio.sleep(0.5)
            assert (await get_batch(api, record.json()["batch_id"]))["counters"]["pending"] == 1  # nothing is claimed
            filler.unlink()
            await check_unharmed(api, batch_id)
    shutil.rmtree(home, ignore_errors=True)


async def test_folder_that_is_not_mounted(tmp_path: Path) -> None:
    storage, elsewhere = Storage(tmp_path, None), tmp_path / "elsewhere"
    assert storage.root
    async with running([storage]):
        first = spool_bytes(storage, b"is kept")
        await storage.store([first])
        storage.root.rename(elsewhere)
        for there in (False, True):  # gone, or the empty folder below
            if there:
                storage.root.mkdir()
            with pytest.raises(StorageUnavailable):
                await storage.exists(first.key)
            with pytest.raises(StorageUnavailable):
                _ = [chunk async for chunk in storage.chunks(first.key, 0, 7)]
            with pytest.raises(StorageUnavailable):
                await storage.store([spool_bytes(storage, b"is not lost below")])
        assert list(storage.root.iterdir()) == []

        async def read() -> bytes:
            return b"".join([chunk async for chunk in storage.chunks(first.key)])

        with patience(unseen):
            reading = asyncio.create_task(outlast(read))
            await asyncio.sleep(0.2)
            storage.root.rmdir()
            elsewhere.rename(storage.root)
            assert await reading == b"is kept"
        with pytest.raises(ContentMissing):
            await storage.size("ab/cd/none")


@pytest.mark.parametrize("number", [errno.EIO, errno.ESTALE])
async def test_content_that_cannot_be_read_is_given_up_in_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    storage = Storage(tmp_path, None)
    async with running([storage]):
        content = spool_bytes(storage, b"on a bad sector")
        await storage.store([content])
        tries = 0

        def read(*_: object) -> bytes:
            nonlocal tries
            tries += 1
            if number == errno.ESTALE and tries > 2:
                return b"on a bad sector"
            raise OSError(number, os.strerror(number))

        monkeypatch.setattr(blocks.os, "read", read)
        monkeypatch.setattr(availability, "MOST_TRIES", 3)
        monkeypatch.setattr(availability, "SETTLED_AFTER", 0.05)
        with patience(unseen):
            if number == errno.ESTALE:
                assert [chunk async for chunk in storage.chunks(content.key)] == [b"on a bad sector"]
            else:
                with pytest.raises(StorageFailed):
                    _ = [chunk async for chunk in storage.chunks(content.key)]
