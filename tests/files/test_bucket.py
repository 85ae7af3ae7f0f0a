"""Contents in a bucket instead of a folder: nothing else of the service may notice."""

from __future__ import annotations

import asyncio
import io
import os
import random
import zipfile
import zlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from app.files import buckets
from app.files.blocks import CHUNK, Stored, fetch_blocks
from app.files.errors import ContentMissing, StorageUnavailable
from app.files.spool import spool_bytes
from app.files.storage import PUTS_AT_ONCE, Storage
from app.kit.availability import outlast, patience, unseen
from app.kit.service import running
from tests.assets.pictures import drawing, encoded
from tests.batch_helpers import follow, get_batch
from tests.conftest import Api, make_settings, serving
from tests.files.archives import Entry, archive_of
from tests.files.bodies import query
from tests.files.bucket import NAME, Bucket, serving_bucket
from tests.patience import within

URL = f"s3://{NAME}/below/here"
AT = datetime(2026, 3, 14, tzinfo=UTC)


@pytest.fixture
async def bucket(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Bucket]:
    quickly = {"max_retries": 1, "backoff": {"init_backoff": timedelta(milliseconds=1)}}
    monkeypatch.setitem(buckets.BUCKET, "retry_config", quickly)
    async with serving_bucket() as (bucket, environment):
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        yield bucket


@pytest.fixture
async def storage(bucket: Bucket, tmp_path: Path) -> AsyncIterator[Storage]:
    storage = Storage(tmp_path, URL)
    async with running([storage]):
        yield storage


async def read(storage: Storage, key: str, start: int = 0, end: int | None = None) -> bytes:
    return b"".join([chunk async for chunk in storage.chunks(key, start, end)])


async def test_contents_come_back_in_whole_and_part_and_go(storage: Storage, bucket: Bucket, tmp_path: Path) -> None:
    for data in (b"", b"short", os.urandom(7 * CHUNK + 17)):
        spooled = await asyncio.to_thread(spool_bytes, storage, data)
        assert not await storage.exists(spooled.key)
        await storage.store([spooled])
        assert bucket.objects[f"below/here/{spooled.key}"] == data
        assert not spooled.path.exists()
        assert await read(storage, spooled.key) == data
        if data:
            assert await read(storage, spooled.key, 1, 4) == data[1:4]
            assert await read(storage, spooled.key, 2) == data[2:]
        async with storage.local_path(spooled.key) as path:
            assert path.read_bytes() == data
        assert not path.exists()
        later = datetime.now(UTC) + timedelta(minutes=1)
        assert spooled.key in await storage.list_keys(spooled.key[:2], later)
        assert await storage.list_keys(spooled.key[:2], AT) == []
        await storage.delete([spooled.key, spooled.key])
        assert not await storage.exists(spooled.key)
        with pytest.raises(ContentMissing):
            await read(storage, spooled.key, 0, 3)


async def test_many_contents_travel_at_once_and_the_archive_is_whole(storage: Storage, bucket: Bucket) -> None:
    contents = [os.urandom(random.randrange(1, 4000)) for _ in range(300)] + [os.urandom(3 * CHUNK + 5)]
    spooled = [await asyncio.to_thread(spool_bytes, storage, data) for data in contents]
    await storage.store(spooled)
    assert PUTS_AT_ONCE // 2 <= bucket.most_at_once <= PUTS_AT_ONCE
    archive = archive_of(
        [
            Entry(f"{n:03d}", len(data), zlib.crc32(data), file.key, AT)
            for n, (data, file) in enumerate(zip(contents, spooled, strict=True))
        ]
    )
    bucket.most_at_once = 0
    blocks = [block async for block in archive.chunks(storage)]
    assert bucket.most_at_once > 4
    assert max(map(len, blocks)) < 2 * CHUNK
    whole = b"".join(blocks)
    assert len(whole) == archive.size
    with zipfile.ZipFile(io.BytesIO(whole)) as opened:
        assert [opened.read(name) for name in opened.namelist()] == contents
    for _ in range(20):
        start, end = sorted(random.sample(range(archive.size), 2))
        assert b"".join([block async for block in archive.chunks(storage, start, end)]) == whole[start:end]


async def test_reader_who_leaves_ends_what_was_asked_ahead() -> None:
    begun, ended = [], []

    async def fetch(part: Stored) -> bytes:
        begun.append(part)
        try:
            if part.start:
                await asyncio.Event().wait()
            return bytes(part.end - part.start)
        finally:
            ended.append(part)

    blocks = fetch_blocks(fetch, iter([Stored("key", 0, 100 * CHUNK)]))
    assert len(await anext(blocks)) == CHUNK
    assert len(begun) < 10
    await blocks.aclose()  # type: ignore[attr-defined]
    await asyncio.sleep(0)
    assert ended == begun


async def test_bucket_that_is_away_is_told_and_comes_back(storage: Storage, bucket: Bucket) -> None:
    spooled = spool_bytes(storage, b"wait for it")
    bucket.down = True
    with pytest.raises(StorageUnavailable):
        await storage.store([spooled])
    with pytest.raises(StorageUnavailable):
        await storage.exists(spooled.key)
    bucket.down = False
    await storage.store([spooled])
    assert await read(storage, spooled.key) == b"wait for it"


async def test_wrong_bucket_is_told_at_the_start(
    bucket: Bucket, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    storage = Storage(tmp_path, "s3://another")
    async with running([storage]), within(10):
        while not caplog.records:
            await asyncio.sleep(0.01)
        assert caplog.records[0].message.startswith("the storage: The file store does not answer. (")
        assert storage.availability.explain() == "The file store does not answer."


TROUBLES = {
    "slow-down": (503, "SlowDown"),
    "error": (500, "InternalError"),
    "keys-rotated": (403, "AccessDenied"),
    "bucket-gone": (404, "NoSuchBucket"),
    "cut": "cut",
}


@pytest.mark.parametrize("name", TROUBLES)
async def test_who_has_patience_waits_for_the_bucket(storage: Storage, bucket: Bucket, name: str) -> None:
    content = random.randbytes(9 * CHUNK)  # more than is asked for ahead
    bucket.trouble = TROUBLES[name]  # type: ignore[assignment]

    async def store() -> str:
        spooled = spool_bytes(storage, content)
        await storage.store([spooled])
        return spooled.key

    with patience(unseen):
        bucket.down = True
        storing = asyncio.create_task(outlast(store))
        await until_lost(storage)
        assert storage.availability.trouble == ("refused" if name == "keys-rotated" else "away")
        bucket.down = False
        key = await storing
        chunks = storage.chunks(key, 0, len(content))
        found = await anext(chunks)
        bucket.down = True
        rest = asyncio.create_task(collect(chunks))
        await until_lost(storage)
        assert not rest.done()
        bucket.down = False
        assert found + await rest == content
    with pytest.raises(ContentMissing):
        await storage.size("ab/cd/none")


async def collect(chunks: AsyncIterator[bytes]) -> bytes:
    return b"".join([chunk async for chunk in chunks])


async def until_lost(storage: Storage) -> None:
    async with within(20):
        while not storage.availability.trouble:
            await asyncio.sleep(0.01)


@pytest.fixture
async def api(bucket: Bucket, home: Path, database_url: str) -> AsyncIterator[Api]:
    async with serving(make_settings(home, database_url, storage_url=URL, pipelines_dir=None)) as client:
        yield client


def files(*contents: bytes) -> list[tuple[str, Any]]:
    return [("files", (f"PL_DXB191_{n}_Front.txt", content)) for n, content in enumerate(contents)]


async def test_whole_batch_lives_in_a_bucket(api: Api, bucket: Bucket) -> None:
    contents = [os.urandom(5000), os.urandom(2 * CHUNK)]
    reply = await api.post("/api/jobs/batch", data={"pipeline": "originals"}, files=files(*contents))
    batch_id = reply.json()["batch_id"]
    assert (await follow(api, batch_id))[-1]["type"] == "batch.completed"
    download = await api.get(f"/api/batches/{batch_id}/download")
    with zipfile.ZipFile(io.BytesIO(download.content)) as opened:
        assert sorted(opened.read(name) for name in opened.namelist()) == sorted(contents)
    middle = await api.get(f"/api/batches/{batch_id}/download", headers={"Range": "bytes=4000-1500000"})
    assert middle.content == download.content[4000:1500001]


async def test_upload_while_the_bucket_is_away_is_a_503_and_leaves_nothing(api: Api, bucket: Bucket) -> None:
    bucket.down = True
    reply = await api.post("/api/jobs/batch", data={"pipeline": "originals"}, files=files(b"lost?"))
    assert (reply.status_code, reply.json()["code"]) == (503, "storage_unavailable")
    assert reply.headers["Retry-After"]
    assert await query(api, "select count(*) from batches where status <> 'completed'") == 0
    assert not [
        path for path in api.installation.get(Storage).incoming.rglob("*") if path.is_file() and path.name != "lock"
    ]


async def test_job_waits_for_the_bucket(api: Api, bucket: Bucket) -> None:
    """The picture is read by the step itself, which waits in it, and neither fails nor begins anew."""
    picture = ("files", ("PL_DXB191_Front.png", encoded(drawing(), "PNG")))
    reply = await api.post("/api/jobs/batch", data={"pipeline": "web-images", "start": "false"}, files=[picture])
    assert reply.status_code == 201, reply.text
    batch_id = reply.json()["batch_id"]
    bucket.down = True
    await api.post(f"/api/batches/{batch_id}/start")
    async with within(30):
        while "waits_for_storage" not in (reasons := await reasons_of(api, batch_id)):
            await asyncio.sleep(0.1)
    assert reasons["waits_for_storage"] == "1 job waits for the storage."
    wrong = {one["name"]: one for one in (await api.get("/readyz")).json()["wrong"]}
    assert wrong["storage"]["sentence"] == "The file store does not answer."
    bucket.down = False
    events = await follow(api, batch_id)
    assert not [event for event in events if event.get("error_code")]
    batch = await get_batch(api, batch_id)
    assert (batch["status"], batch["jobs"][0]["attempt"]) == ("completed", 1)


async def reasons_of(api: Api, batch_id: str) -> dict[str, str]:
    reasons = (await api.get(f"/api/batches/{batch_id}/waiting")).json()["reasons"]
    return {reason["code"]: reason["message"] for reason in reasons}
