"""Archives past the limits of the old format: laid out in full, though nobody writes the gigabytes."""

from __future__ import annotations

import zipfile
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from app.files.archive import Archive
from app.files.spool import spool_bytes
from app.files.storage import Storage
from app.kit.service import running
from tests.files.archives import Entry, archive_of

AT = datetime(2026, 1, 2, tzinfo=UTC)
GIB = 1024**3
LIMIT32 = 0xFFFFFFFF
LIMIT16 = 0xFFFF
ZIP64_END = b"PK\6\6"


@pytest.fixture(scope="module")
async def storage(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Storage]:
    storage = Storage(tmp_path_factory.mktemp("home"), None)
    async with running([storage]):
        yield storage


async def part(archive: Archive, storage: Storage, start: int, end: int) -> bytes:
    return b"".join([chunk async for chunk in archive.chunks(storage, start, end)])


def _write_with_hole(path: Path, before: bytes, hole: int, after: bytes) -> Path:
    with path.open("wb") as file:
        file.write(before)
        file.seek(hole, 1)
        file.write(after)
    return path


@pytest.mark.parametrize(
    ("size", "wide"), [(LIMIT32 - 1, False), (LIMIT32, True), (LIMIT32 + 1, True), (5 * GIB, True), (70 * GIB, True)]
)
async def test_large_entry_between_small_ones(storage: Storage, tmp_path: Path, size: int, wide: bool) -> None:
    contents = [spool_bytes(storage, b"first"), spool_bytes(storage, b"last")]
    await storage.store(contents)
    small = [Entry(f"{data.sha256[:4]}.txt", data.size, data.crc32, data.key, AT) for data in contents]
    archive = archive_of([small[0], Entry("large.bin", size, 0, "not/to/be read", AT), small[1]])

    header_end = 30 + len(small[0].path) + 5 + 30 + len("large.bin") + (20 if wide else 0)
    before = await part(archive, storage, 0, header_end)
    after = await part(archive, storage, header_end + size, archive.size)
    assert len(before) + size + len(after) == archive.size

    with zipfile.ZipFile(_write_with_hole(tmp_path / "a.zip", before, size, after)) as opened:
        first, large, last = opened.infolist()
        assert (large.file_size, large.compress_size) == (size, size)
        assert opened.read(first) == b"first"
        assert opened.read(last) == b"last"
        assert last.header_offset == header_end + size
        with opened.open(large) as content:
            assert content.read(1000) == bytes(1000)
        assert large.extract_version == (45 if wide else 20)


@pytest.mark.parametrize(("count", "wide"), [(LIMIT16 - 1, False), (LIMIT16, True), (LIMIT16 + 500, True)])
async def test_many_entries(storage: Storage, tmp_path: Path, count: int, wide: bool) -> None:
    archive = archive_of([Entry(f"{n:05d}", 0, 0, "", AT) for n in range(count)])
    data = await part(archive, storage, 0, archive.size)
    assert len(data) == archive.size
    assert (ZIP64_END in data[-200:]) == wide
    with zipfile.ZipFile(_write_with_hole(tmp_path / "a.zip", data, 0, b"")) as opened:
        names = opened.namelist()
        assert (len(names), names[0], names[-1]) == (count, "00000", f"{count - 1:05d}")
        assert opened.read(names[-1]) == b""


async def test_range_far_into_a_large_archive(storage: Storage) -> None:
    entries = [Entry(f"{n:03d}.bin", GIB, 0, "not/to/be read", AT) for n in range(200)]
    archive = archive_of(entries)
    last_header = 199 * (GIB + 30 + 7)
    data = await part(archive, storage, last_header, last_header + 37)
    assert (data[:4], data[30:]) == (b"PK\3\4", b"199.bin")
