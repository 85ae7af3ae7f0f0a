"""A batch's results as one archive, whole and in part, while it runs and afterwards."""

from __future__ import annotations

import io
import zipfile
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest

from app.batches import archives, output_repository
from app.batches.archives import Archives, archive_of
from app.batches.models import Batch
from app.batches.output_repository import Outputs
from app.files.storage import Storage
from app.kit.db import Database
from tests.batch_helpers import follow, submit
from tests.conftest import Api, make_settings, serving
from tests.files.bodies import FORM, form, part


@pytest.fixture(scope="module")
async def api(home: Path, database_url: str) -> AsyncIterator[Api]:
    """The service with its runner."""
    async with serving(make_settings(home, database_url)) as client:
        yield client


@pytest.fixture(scope="module")
async def path(api: Api) -> str:
    """Of a batch that has ended."""
    names = ["Lakeside.txt", "Größe 上海.txt", "../../escape.txt", "CON.txt"]
    body = form(part("pipeline", "checksum"), *(part("files", name, name) for name in names))
    batch_id = (await api.post("/api/jobs/batch", content=body, headers=FORM)).json()["batch_id"]
    await follow(api, batch_id)
    return f"/api/batches/{batch_id}/download"


async def test_archive_has_a_folder_for_each_job(api: Api, path: str) -> None:
    answer = await api.get(path)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "application/zip"
    assert f'filename="4-file_Results_{datetime.now(UTC).date()}.zip"' in answer.headers["Content-Disposition"]
    assert int(answer.headers["Content-Length"]) == len(answer.content)
    with zipfile.ZipFile(io.BytesIO(answer.content)) as opened:
        assert opened.testzip() is None
        folders = ["001 Lakeside", "002 Größe 上海", "003 escape", "004 CON"]
        assert opened.namelist() == [f"{folder}/checksum.txt" for folder in folders]
        assert len(opened.read("001 Lakeside/checksum.txt")) == 64


async def test_head_tells_the_same_without_the_bytes(api: Api, path: str) -> None:
    whole, head = await api.get(path), await api.head(path)
    assert (head.status_code, head.content) == (200, b"")
    for name in ("Content-Length", "ETag", "Content-Type", "Content-Disposition", "Accept-Ranges"):
        assert head.headers[name] == whole.headers[name]


async def test_cut_download_goes_on(api: Api, path: str) -> None:
    whole = await api.get(path)
    first = await api.get(path, headers={"Range": "bytes=0-99"})
    rest = await api.get(path, headers={"Range": "bytes=100-", "If-Range": first.headers["ETag"]})
    assert (first.status_code, rest.status_code) == (206, 206)
    assert first.content + rest.content == whole.content
    assert (await api.get(path, headers={"If-None-Match": whole.headers["ETag"]})).status_code == 304


async def test_running_batch_gives_what_is_done_so_far(api: Api, tmp_path: Path) -> None:
    batch_id = await submit(api, "slow", [{}], params={"gate": str(tmp_path / "gate")})
    answer = await api.get(f"/api/batches/{batch_id}/download")
    with zipfile.ZipFile(io.BytesIO(answer.content)) as opened:
        assert opened.namelist() == []
    (tmp_path / "gate").touch()
    await follow(api, batch_id)


async def test_results_that_came_since_are_in_the_next_archive(api: Api) -> None:
    body = form(part("pipeline", "checksum"), part("start", "false"), part("files", b"x", "x.txt"))
    batch_id = (await api.post("/api/jobs/batch", content=body, headers=FORM)).json()["batch_id"]
    path = f"/api/batches/{batch_id}/download"
    before = await api.get(path)
    assert (await api.post(f"/api/batches/{batch_id}/start")).status_code == 200
    await follow(api, batch_id)
    after = await api.get(path, headers={"If-None-Match": before.headers["ETag"]})
    assert after.status_code == 200
    with zipfile.ZipFile(io.BytesIO(after.content)) as opened:
        assert opened.namelist() == ["001 x/checksum.txt"]


async def read_batch(api: Api, path: str) -> Batch:
    async with api.installation.get(Database).transaction() as session:
        return await session.get_one(Batch, UUID(path.split("/")[-2]))


async def test_archive_is_laid_out_once_until_the_batch_changes(
    api: Api, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    own, database = Archives(), api.installation.get(Database)
    batch = await read_batch(api, path)
    first = await own.find(database, batch)
    assert await own.find(database, batch) is first
    batch.last_event_id += 1
    later = await own.find(database, batch)
    assert later is not first
    assert later.etag == first.etag
    monkeypatch.setattr(archives, "MOST_REMEMBERED", first.weight - 1)
    assert await own.find(database, batch) is later
    assert await own.find(database, batch) is not later


async def test_all_pages_of_results_are_read(api: Api, path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    database, batch = api.installation.get(Database), await read_batch(api, path)
    whole = await Archives().find(database, batch)
    for size in (1, 3, 4, 5):
        monkeypatch.setattr(output_repository, "JOBS_AT_ONCE", size)
        assert (await Archives().find(database, batch)).etag == whole.etag


def outputs(*jobs: tuple[int, str | None]) -> Outputs:
    """A file of each job, empty and of the same name."""
    count, numbers, names = len(jobs), [number for number, _ in jobs], [name for _, name in jobs]
    nothing = [None] * count, ["out.txt"] * count, [0] * count, [0] * count, ["none"] * count, [0] * count
    return Outputs(numbers, names, *nothing)


@pytest.mark.parametrize(
    ("filename", "folder"),
    [
        (None, "007 record"),
        ("..", "007 unnamed"),
        ("a/b\\c.txt", "007 c"),
        ("C:\\x\\", "007 x"),
        ("x" * 300, "007 " + "x" * 96),
        ("NUL", "007 NUL"),
        ("trailing. ", "007 trailing"),
    ],
)
async def test_folder_always_begins_with_the_number(api: Api, filename: str | None, folder: str) -> None:
    archive = archive_of(outputs((7, filename)))
    data = b"".join([chunk async for chunk in archive.chunks(api.installation.get(Storage))])
    with zipfile.ZipFile(io.BytesIO(data)) as opened:
        assert opened.namelist() == [f"{folder}/out.txt"]


async def test_ten_thousand_jobs_of_one_name_are_laid_out(api: Api) -> None:
    archive = archive_of(outputs(*((n, "same.txt") for n in range(1, 10_001))))
    data = b"".join([chunk async for chunk in archive.chunks(api.installation.get(Storage))])
    with zipfile.ZipFile(io.BytesIO(data)) as opened:
        assert len(set(opened.namelist())) == 10_000
        assert opened.namelist()[0] == "001 same/out.txt"
        assert opened.namelist()[-1] == "10000 same/out.txt"
