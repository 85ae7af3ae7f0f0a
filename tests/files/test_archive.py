"""Archives with contents: readable by others, exact in length, and cut at any byte."""

from __future__ import annotations

import io
import os
import random
import shutil
import subprocess
import zipfile
import zlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from app.files.archive import Archive, unique_paths
from app.files.blocks import CHUNK
from app.files.errors import ContentMissing
from app.files.spool import spool_bytes
from app.files.storage import Storage
from app.kit.service import running
from tests.files.archives import Entry, archive_of

AT = datetime(2026, 3, 14, 15, 9, 26, tzinfo=UTC)
NAMES = ["Größe.txt", "上海 🏊.txt", "empty", "../../escape.txt", "CON", "Front.png", "front.PNG", "line\nbreak"]


@pytest.fixture(scope="module")
async def storage(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Storage]:
    storage = Storage(tmp_path_factory.mktemp("home"), None)
    async with running([storage]):
        yield storage


async def add(storage: Storage, path: str, data: bytes, at: datetime = AT) -> Entry:
    spooled = spool_bytes(storage, data)
    await storage.store([spooled])
    return Entry(path, len(data), zlib.crc32(data), spooled.key, at)


async def part(archive: Archive, storage: Storage, start: int = 0, end: int | None = None) -> bytes:
    return b"".join([chunk async for chunk in archive.chunks(storage, start, end)])


@pytest.fixture(scope="module")
async def small(storage: Storage) -> Archive:
    paths = unique_paths(["001 Lakeside"] * len(NAMES), NAMES)
    contents = [b"" if name == "empty" else f"the content of {name}".encode() for name in NAMES]
    return archive_of([await add(storage, path, data) for path, data in zip(paths, contents, strict=True)])


async def test_other_programs_read_it(small: Archive, storage: Storage, tmp_path: Path) -> None:
    data = await part(small, storage)
    assert len(data) == small.size
    with zipfile.ZipFile(io.BytesIO(data)) as opened:
        assert opened.testzip() is None
        assert opened.read("001 Lakeside/上海 🏊.txt") == "the content of 上海 🏊.txt".encode()
        assert {entry.compress_type for entry in opened.infolist()} == {zipfile.ZIP_STORED}
        assert {entry.date_time for entry in opened.infolist()} == {(2026, 3, 14, 15, 9, 26)}
    _check_with_unzip(data, tmp_path)


def _check_with_unzip(data: bytes, folder: Path) -> None:
    if not shutil.which("unzip"):
        return
    (folder / "a.zip").write_bytes(data)
    tested = subprocess.run(["unzip", "-tq", folder / "a.zip"], capture_output=True, text=True, check=False)
    assert tested.returncode == 0, tested.stdout + tested.stderr


async def test_unpacking_stays_in_its_folder_and_loses_nothing(
    small: Archive, storage: Storage, tmp_path: Path
) -> None:
    with zipfile.ZipFile(io.BytesIO(await part(small, storage))) as opened:
        opened.extractall(tmp_path / "out")
        names = [entry.filename for entry in opened.infolist()]
    assert names == [
        f"001 Lakeside/{name}"
        for name in (
            "Größe.txt",
            "上海 🏊.txt",
            "empty",
            "escape.txt",
            "_CON",
            "Front.png",
            "front (2).PNG",
            "linebreak",
        )
    ]
    assert _files_below(tmp_path) == sorted(f"out/{name}" for name in names)


def _files_below(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


async def test_every_range_is_the_slice_of_the_whole(small: Archive, storage: Storage) -> None:
    whole = await part(small, storage)
    random.seed(7)
    pairs = [sorted(random.sample(range(len(whole) + 1), 2)) for _ in range(200)]
    pairs += [[n, n + 1] for n in range(len(whole))]
    pairs += [[n, len(whole)] for n in range(0, len(whole), 7)] + [[0, n] for n in range(0, len(whole), 7)]
    for start, end in pairs:
        assert await part(small, storage, start, end) == whole[start:end], (start, end)


async def test_pieces_are_gathered_and_large_contents_pass_through(storage: Storage) -> None:
    entries = [await add(storage, f"{n}.bin", bytes([n]) * 50_000) for n in range(60)]
    large = os.urandom(3 * CHUNK + 5)
    archive = archive_of([*entries, await add(storage, "large.bin", large)])
    pieces = [piece async for piece in archive.chunks(storage)]
    assert len(pieces) < 12
    assert sum(map(len, pieces)) == archive.size
    with zipfile.ZipFile(io.BytesIO(b"".join(pieces))) as opened:
        assert opened.testzip() is None
        assert opened.read("large.bin") == large


async def test_etag_follows_every_change(storage: Storage) -> None:
    first, other = await add(storage, "a", b"one"), await add(storage, "a", b"two")
    later, renamed = await add(storage, "a", b"one", AT.replace(hour=3)), await add(storage, "b", b"one")
    tags = [archive_of(entries).etag for entries in ([], [first], [other], [later], [renamed], [first, other])]
    assert len(set(tags)) == len(tags)
    assert archive_of([first]).etag == tags[1]


async def test_empty_archive_is_one(storage: Storage) -> None:
    data = await part(archive_of([]), storage)
    with zipfile.ZipFile(io.BytesIO(data)) as opened:
        assert opened.namelist() == []


@pytest.mark.parametrize(
    ("at", "shown"), [(datetime(1970, 5, 6, tzinfo=UTC), 1980), (datetime(2200, 5, 6, tzinfo=UTC), 2107)]
)
async def test_year_outside_the_format(storage: Storage, at: datetime, shown: int) -> None:
    data = await part(archive_of([await add(storage, "a", b"x", at)]), storage)
    with zipfile.ZipFile(io.BytesIO(data)) as opened:
        assert opened.infolist()[0].date_time == (shown, 5, 6, 0, 0, 0)


async def test_missing_content_ends_the_stream(storage: Storage) -> None:
    archive = archive_of([Entry("a", 5, 0, "00/00/none", AT)])
    with pytest.raises(ContentMissing):
        await part(archive, storage)
