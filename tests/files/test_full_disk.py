"""A disk with no room: new uploads are refused and leave nothing, what is there stays, and room again is enough."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from app.files.disk import STEPS
from app.files.errors import DiskNearlyFull
from app.files.spool import spool_bytes
from app.files.storage import Storage
from app.kit.service import running
from tests.auth.people import caller, key_of
from tests.conftest import Api, make_home, make_settings, serving
from tests.files.bodies import FORM, form, part, rows_of, spooled, stored

MIB = 1024 * 1024
DISK = 32 * MIB
NO_OP = part("pipeline", "no-op")


@pytest.fixture(scope="module")
def disk() -> Iterator[Path]:
    """A small disk of its own."""
    folder = make_home()
    options = f"size={DISK},mode=755"
    made = os.geteuid() == 0 and shutil.which("mount")
    if not made or subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", folder], check=False).returncode:
        folder.rmdir()
        pytest.skip("a small disk can only be mounted by root")
    yield folder
    subprocess.run(["umount", folder], check=True)
    folder.rmdir()


@pytest.fixture(scope="module")
async def api(disk: Path, database_url: str) -> AsyncIterator[Api]:
    async with serving(make_settings(disk / "home", database_url, worker="off")) as client:
        yield client


@pytest.fixture
def filler(disk: Path) -> Iterator[Path]:
    """A file that leaves 1 MiB of the disk free."""
    path = disk / "filler"
    _fill(path, shutil.disk_usage(disk).free - MIB)
    yield path
    path.unlink(missing_ok=True)


def _fill(path: Path, size: int) -> None:
    with path.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, size)


async def pieces(total: int, opening: bytes = b"") -> AsyncIterator[bytes]:
    """A body that does not say beforehand how long it is."""
    yield opening
    for _ in range(total // MIB):
        yield b"x" * MIB


OPENING = form(NO_OP, part("files", b"", "big.bin"), closed=False)[:-2]


@pytest.mark.parametrize("chunked", [False, True])
@pytest.mark.parametrize(
    ("method", "path", "opening"), [("POST", "/api/jobs/batch", OPENING), ("PUT", "/api/files/a", b"")]
)
async def test_upload_larger_than_the_disk(api: Api, method: str, path: str, opening: bytes, chunked: bool) -> None:
    before = await rows_of(api), stored(api)
    size = DISK + 8 * MIB
    body = pieces(size, opening) if chunked else opening + b"x" * size
    answer = await api.request(method, path, content=body, headers=FORM)
    assert (answer.status_code, answer.json()["code"]) == (507, "disk_nearly_full")
    assert (await rows_of(api), stored(api), spooled(api)) == (*before, [])


async def test_small_upload_waits_for_room_and_the_rest_goes_on(api: Api, filler: Path) -> None:
    kept = stored(api)
    body = form(NO_OP, part("files", b"small", "small.txt"))
    refused = await api.post("/api/jobs/batch", content=body, headers=FORM)
    assert (refused.status_code, refused.json()["code"]) == (507, "disk_nearly_full")
    assert (stored(api), spooled(api)) == (kept, [])
    records = await api.post("/api/batches", json={"pipeline": "no-op", "items": [{"record": {}}]})
    assert records.status_code == 201
    shown = (await api.get("/api/status")).json()["disk"]
    assert (shown["state"], shown["total"]) == ("full", DISK)
    ready = await api.get("/readyz")
    assert ready.status_code == 200
    assert "uploads_disk" in [one["name"] for one in ready.json()["wrong"]]
    async with caller(api, await key_of(api, "Elsewhere")) as other:
        assert (await other.get("/api/status")).json()["disk"] == {"state": "full", "free": None, "total": None}
    _fill(filler, 1)
    assert (await api.post("/api/jobs/batch", content=body, headers=FORM)).status_code == 201


async def test_store_on_another_disk_than_the_home(disk: Path, tmp_path: Path) -> None:
    storage = Storage(tmp_path, f"file://{disk}/store")
    async with running([storage]):
        spooled = spool_bytes(storage, b"on the other disk")
        await storage.store([spooled])
        assert [chunk async for chunk in storage.chunks(spooled.key)] == [b"on the other disk"]


async def test_disk_that_fills_up_while_a_content_arrives(disk: Path, filler: Path) -> None:
    storage = Storage(disk / "another home", None)
    async with running([storage]):
        with pytest.raises(DiskNearlyFull):
            spool_bytes(storage, b"x" * 2 * MIB)
        assert [path.name for path in storage.incoming.glob("*/*")] == ["lock"]


async def test_smallest_upload_that_is_refused_tells_nothing_of_small_contents(api: Api, disk: Path) -> None:
    def largest() -> int:
        """What a stranger finds out by asking: the largest size that is not refused."""
        storage, fits, refused = api.installation.get(Storage), 0, 2 * DISK
        while refused - fits > 1:
            size = (fits + refused) // 2
            try:
                storage.check_space(size)
            except DiskNearlyFull:
                refused = size
            else:
                fits = size
        return fits

    step = DISK // STEPS
    free = shutil.disk_usage(disk).free
    _fill(disk / "to the middle of a step", (free - step // 2) % step)  # so that little more does not reach the next
    before = largest()
    _fill(disk / "a content", step // 4)
    assert largest() == before
    _fill(disk / "a large content", 2 * step)
    assert largest() < before
    for name in ("to the middle of a step", "a content", "a large content"):
        (disk / name).unlink()
