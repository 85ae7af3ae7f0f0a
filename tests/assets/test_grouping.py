"""The pipelines `contact-sheet` and `originals`: pictures of one asset belong together."""

from __future__ import annotations

import io
import zipfile
from typing import Any

from PIL import Image

from tests.assets.pictures import drawing, encoded
from tests.batch_helpers import follow, get_batch
from tests.conftest import Api
from tests.files.bodies import FORM, form, part, query

VIEWS = [f"KX_QUAY7_{asset}_{view}.png" for asset in ("Chair", "Lamp") for view in ("Front", "Back", "3Q")]


async def process(api: Api, pipeline: str, files: dict[str, bytes]) -> dict[str, Any]:
    pieces = [part("pipelines", pipeline), *(part("files", content, name) for name, content in files.items())]
    created = await api.post("/api/jobs/batch", content=form(*pieces), headers=FORM)
    assert created.status_code == 201, created.text
    await follow(api, created.json()["batch_id"])
    return await get_batch(api, created.json()["batch_id"])


async def archive_of(api: Api, batch: dict[str, Any]) -> zipfile.ZipFile:
    reply = await api.get(f"/api/batches/{batch['id']}/download")
    assert f'{batch["base_directory_name"]}.zip"' in reply.headers["content-disposition"]
    return zipfile.ZipFile(io.BytesIO(reply.content))


async def test_one_sheet_for_each_asset(api: Api) -> None:
    png = encoded(drawing(), "PNG")
    batch = await process(api, "contact-sheet", dict.fromkeys(VIEWS, png))
    assert batch["status"] == "completed"
    assert batch["base_directory_name"].startswith("KX_QUAY7_3-view_Render_")
    with await archive_of(api, batch) as archive:
        names = archive.namelist()
        assert [name.rpartition("/")[2] for name in names] == [
            "KX_QUAY7_Chair contact sheet.jpg",
            "KX_QUAY7_Lamp contact sheet.jpg",
        ]
        with Image.open(io.BytesIO(archive.read(names[0]))) as sheet:
            assert sheet.size == (2 * 480 + 3 * 24, 56 + 24 + 2 * (480 + 36 + 24))
            tile = sheet.getpixel((24 + 240, 56 + 24 + 100))
            assert tile[0] > 150 > tile[2]  # type: ignore[index, operator]
    holders = [job["result"]["sheet_job_sequence"] for job in batch["jobs"]]
    assert holders == [1, 1, 1, 4, 4, 4]
    assert batch["summary_data"] == {
        "assets": 2,
        "files": 6,
        "files_by_asset": {"kx_quay7_chair": 3, "kx_quay7_lamp": 3},
        "sheets": 2,
        "views_left_empty": 0,
        "left_empty": [],
        "views_not_shown": 0,
    }


async def test_originals_come_back_without_a_copy(api: Api) -> None:
    files = {name: name.encode() * 100 for name in VIEWS}
    before = await query(api, "select count(*) from files")
    batch = await process(api, "originals", files)
    assert await query(api, "select count(*) from files") - before == len(files)
    with await archive_of(api, batch) as archive:
        assert archive.testzip() is None
        assert {name.rpartition("/")[2]: archive.read(name) for name in archive.namelist()} == files
    assert batch["summary_data"]["files_by_asset"] == {"kx_quay7_chair": 3, "kx_quay7_lamp": 3}
    assert (await api.delete(f"/api/batches/{batch['id']}")).status_code == 204
    assert await query(api, "select count(*) from files") == before
