"""The store itself: what it keeps, what it shares, and what it clears away."""

from __future__ import annotations

import asyncio
import errno
import hashlib
import os
import subprocess
import sys
import zlib
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

import app.files.storage as storage_module
from app.files.errors import ContentMissing, FileTooLarge, StorageFailed
from app.files.spool import HELD, SpoolWriter, spool_bytes
from app.files.storage import Storage, content_key
from app.kit.service import running
from tests.conftest import Api, make_settings, serving
from tests.files.bodies import query
from tests.patience import patient

MIB = 1024 * 1024
OWNER = """
import asyncio, sys, time
from pathlib import Path
from app.files.storage import Storage
storage = Storage(Path(sys.argv[1]), None)
asyncio.run(storage.start())
path = storage.new_spool_file()
path.write_text("on its way")
print(path, flush=True)
time.sleep(60)
"""


@pytest.fixture
async def storage(tmp_path: Path) -> AsyncIterator[Storage]:
    storage = Storage(tmp_path, None)
    async with running([storage]):
        yield storage


async def read(storage: Storage, key: str, start: int = 0, end: int | None = None) -> bytes:
    return b"".join([chunk async for chunk in storage.chunks(key, start, end)])


async def test_adopted_contents_come_back_in_whole_and_part(storage: Storage) -> None:
    for data in (b"", b"short", os.urandom(3 * MIB + 17)):
        spooled = await asyncio.to_thread(spool_bytes, storage, data)
        assert spooled.key == content_key(hashlib.sha256(data).hexdigest())
        assert not await storage.exists(spooled.key)
        await storage.store([spooled])
        assert await storage.exists(spooled.key)
        assert await read(storage, spooled.key) == data
        if data:
            assert await read(storage, spooled.key, 2) == data[2:]
            assert await read(storage, spooled.key, 1, 4) == data[1:4]
        async with storage.local_path(spooled.key) as path:
            assert path.read_bytes() == data


async def test_equal_contents_are_one_object_and_the_spool_is_empty(storage: Storage) -> None:
    for copies in (1, 2, 9):  # up to two are synced one by one, more with their whole file system
        contents = [spool_bytes(storage, b"the same") for _ in range(copies)]
        await storage.store(contents)
        assert not any(content.path.exists() for content in contents)
    assert storage.root is not None
    assert [path.name for path in storage.root.rglob("*") if path.is_file()] == [
        hashlib.sha256(b"the same").hexdigest()
    ]


@pytest.mark.parametrize("count", [1, 2, 3, 20])
async def test_contents_are_on_the_disk_before_they_get_their_name(
    storage: Storage, monkeypatch: pytest.MonkeyPatch, count: int
) -> None:
    done: list[tuple[str, str]] = []

    def note(place: object, name: str, what: str) -> None:
        real = getattr(place, name)

        def noted(path: Path, *more: Any) -> Any:
            done.append((what, Path(path).name))
            return real(path, *more)

        monkeypatch.setattr(place, name, noted)

    note(storage_module, "sync_path", "sync")
    note(storage_module, "sync_filesystem", "sync all")
    note(os, "replace", "rename")
    contents = [spool_bytes(storage, f"{count} {n}".encode()) for n in range(count)]
    await storage.store(contents)
    names = [content.path.name for content in contents]
    first = [("sync", name) for name in names] if count <= 2 else [("sync all", "incoming")]
    renames = [("rename", name) for name in names]
    assert done[: len(first) + count] == first + renames
    folders = {content.key.split("/")[0] for content in contents} | {content.key.split("/")[1] for content in contents}
    rest = done[len(first) + count :]
    assert rest == [("sync all", "files")] or {name for _, name in rest} == folders | {"files"}


async def test_many_contents_at_once(storage: Storage) -> None:
    contents = [spool_bytes(storage, f"content {n}".encode()) for n in range(200)]
    await storage.store(contents)
    for n in (0, 99, 199):
        assert await read(storage, contents[n].key) == f"content {n}".encode()


async def test_missing_content_is_told(storage: Storage) -> None:
    key = content_key("0" * 64)
    with pytest.raises(ContentMissing):
        await read(storage, key)
    with pytest.raises(ContentMissing):
        await read(storage, key, 5, 9)
    with pytest.raises(ContentMissing):
        async with storage.local_path(key):
            pass
    await storage.delete([key])


async def test_deleted_content_is_gone(storage: Storage) -> None:
    spooled = spool_bytes(storage, b"to be deleted")
    await storage.store([spooled])
    await storage.delete([spooled.key])
    assert not await storage.exists(spooled.key)


async def test_writer_stops_at_its_limit_and_leaves_nothing(storage: Storage) -> None:
    writer = SpoolWriter(storage, max_bytes=10, name="a.txt")
    writer.write(b"x" * 10)
    with pytest.raises(FileTooLarge, match=r"a\.txt is larger than 10 bytes"):
        writer.write(b"x")
    writer.discard()
    assert not writer.path.exists()


@pytest.mark.parametrize("size", [0, 1, HELD - 1, HELD, HELD + 1, 3 * HELD + 17])
@pytest.mark.parametrize("piece", [1000, HELD - 1, 2 * HELD])
async def test_content_that_comes_in_pieces_is_whole(storage: Storage, size: int, piece: int) -> None:
    data = os.urandom(size)
    writer = SpoolWriter(storage, max_bytes=size)
    for start in range(0, size, piece):
        writer.write(data[start : start + piece])
    content = writer.close()
    assert content.path.read_bytes() == data
    assert (content.size, content.sha256, content.crc32) == (size, hashlib.sha256(data).hexdigest(), zlib.crc32(data))
    await storage.store([content])
    writer.discard()
    assert await read(storage, content.key) == data


async def test_disk_that_takes_a_part_of_a_write_gets_the_rest(
    storage: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.write
    monkeypatch.setattr(os, "write", lambda handle, data: real(handle, data[:7]))
    assert spool_bytes(storage, b"more than seven bytes").path.read_bytes() == b"more than seven bytes"


async def test_disk_that_fails_at_a_write_keeps_no_file_and_no_handle(
    storage: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(handle: int, data: bytes) -> int:
        raise OSError(errno.EIO, "a bad sector")

    before = len(os.listdir("/proc/self/fd"))
    monkeypatch.setattr(os, "write", fail)
    for size in (1, HELD):
        with pytest.raises(StorageFailed):
            spool_bytes(storage, b"x" * size)
    assert [path.name for path in storage.incoming.glob("*/*")] == ["lock"]
    assert len(os.listdir("/proc/self/fd")) == before


@pytest.fixture
def owners(tmp_path: Path) -> Iterator[list[subprocess.Popen[str]]]:
    """Two other processes, each with a content in a spool of its own."""
    command = [sys.executable, "-c", OWNER, str(tmp_path)]
    owners = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    yield owners
    for owner in owners:
        owner.kill()
        owner.communicate(timeout=patient(10))


async def test_spool_of_a_dead_process_is_cleared_and_of_a_living_one_kept(
    tmp_path: Path, owners: list[subprocess.Popen[str]]
) -> None:
    dead, living = (Path(owner.stdout.readline().strip()) for owner in owners if owner.stdout)
    owners[0].kill()
    owners[0].wait(patient(10))
    async with running([Storage(tmp_path, None)]):
        assert not dead.parent.exists()
        assert living.read_text() == "on its way"
    assert list((tmp_path / "incoming").iterdir()) == [living.parent]


async def test_scratch_folder_goes_with_what_is_in_it_and_dies_with_the_spool(storage: Storage) -> None:
    async with storage.scratch_folder() as folder:
        (folder / "deep").mkdir()
        (folder / "deep" / "left").write_text("by a child that was killed")
        assert folder.parent == storage.new_spool_file().parent
    assert not folder.exists()


async def test_store_at_an_address_of_its_own(tmp_path: Path) -> None:
    storage = Storage(tmp_path / "home", f"file://{tmp_path}/elsewhere")
    async with running([storage]):
        spooled = spool_bytes(storage, b"elsewhere")
        await storage.store([spooled])
        assert (tmp_path / "elsewhere" / spooled.key).read_bytes() == b"elsewhere"


async def test_bytes_of_an_acknowledged_upload_are_whole_after_a_start_afresh(home: Path, database_url: str) -> None:
    content = os.urandom(MIB)
    settings = make_settings(home, database_url, worker="off")
    async with serving(settings) as api:
        file_id = (await api.put("/api/files/a", content=content)).json()["id"]
    async with serving(settings) as api:
        assert (await api.get(f"/api/files/{file_id}/content")).content == content


async def test_row_without_content_is_an_error_of_ours_not_of_the_database(api: Api) -> None:
    file = (await api.put("/api/files/lost.txt", content=b"soon to be lost")).json()
    key = await query(api, "select storage_key from files where id = :id", id=file["id"])
    await api.installation.get(Storage).delete([key])
    for headers in ({}, {"Range": "bytes=0-3"}):
        answer = await api.get(f"/api/files/{file['id']}/content", headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (500, "content_missing")
