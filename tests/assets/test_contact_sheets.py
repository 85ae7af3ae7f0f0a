"""What is on contact sheets: views that cannot be read, sheets of jobs that are tried again, titles in any script."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from app.assets.contact_sheet_drawing import draw_sheet
from app.assets.packing import unpack
from app.runner.context import RunningStep
from tests.assets.pictures import RED, drawing, encoded
from tests.assets.test_grouping import VIEWS, archive_of, process
from tests.batch_helpers import follow, get_batch
from tests.conftest import Api

TILE, GAP, TOP = 480, 24, 56 + 24
CHAIR = VIEWS[:3]


def tile_of(sheet: Image.Image, place: int) -> Image.Image:
    """The picture in a place of a sheet of two columns, without its frame."""
    left, top = GAP + place % 2 * (TILE + GAP), TOP + place // 2 * (TILE + 36 + GAP)
    return sheet.crop((left + 2, top + 2, left + TILE - 2, top + TILE - 2))


def is_empty(tile: Image.Image) -> bool:
    return all(low > 235 for low, _ in tile.getextrema())  # type: ignore[union-attr, misc]


async def sheet_of(api: Api, batch: dict[str, Any]) -> Image.Image:
    with await archive_of(api, batch) as archive:
        (name,) = archive.namelist()
        assert name.endswith("/KX_QUAY7_Chair contact sheet.jpg")
        sheet = Image.open(io.BytesIO(archive.read(name)))
        sheet.load()
        return sheet


async def retry(api: Api, batch: dict[str, Any]) -> dict[str, Any]:
    copied = await api.post(f"/api/batches/{batch['id']}/retry-failed")
    assert copied.status_code == 202, copied.text
    await follow(api, copied.json()["new_batch_id"])
    return await get_batch(api, copied.json()["new_batch_id"])


def fail_once(monkeypatch: pytest.MonkeyPatch, function: str, filename: str) -> None:
    """Let one call of a child's function for one file fail, as one that ran out of memory does."""
    real, left = RunningStep.in_child, [1]

    async def failing(self: RunningStep, called: str, *args: Any, **options: Any) -> Any:
        if left and called.endswith(f":{function}") and self.job.filename == filename:
            left.clear()
            raise MemoryError
        return await real(self, called, *args, **options)

    monkeypatch.setattr(RunningStep, "in_child", failing)


async def test_a_broken_view_fails_alone_and_leaves_a_quiet_tile(api: Api) -> None:
    png = encoded(drawing(), "PNG")
    batch = await process(api, "contact-sheet", {CHAIR[0]: png[:200], CHAIR[1]: png, CHAIR[2]: png})
    first, second, third = batch["jobs"]
    assert (batch["status"], first["status"], first["error_code"]) == ("partial", "failed", "IMAGE_TRUNCATED")
    assert second["result"]["sheet"] == "KX_QUAY7_Chair contact sheet.jpg"
    assert second["result"]["left_empty"] == [CHAIR[0]]
    assert third["result"]["sheet_job_sequence"] == 2
    summary = batch["summary_data"]
    assert (summary["sheets"], summary["views_left_empty"], summary["left_empty"]) == (1, 1, [CHAIR[0]])
    sheet = await sheet_of(api, batch)
    assert is_empty(tile_of(sheet, 0))  # no code, nothing but paper
    assert not is_empty(tile_of(sheet, 1))


@pytest.mark.parametrize("place", [0, 1])
async def test_the_sheet_of_a_view_that_is_tried_again_has_all_views(
    api: Api, monkeypatch: pytest.MonkeyPatch, place: int
) -> None:
    fail_once(monkeypatch, "first_readable", CHAIR[place])
    batch = await process(api, "contact-sheet", dict.fromkeys(CHAIR, encoded(drawing(), "PNG")))
    assert batch["jobs"][place]["error_code"] == "RESOURCE_LIMIT"
    again = await retry(api, batch)
    assert again["status"] == "completed"
    (job,) = again["jobs"]
    assert job["result"] | {"size": 0} == job["result"] | {"views": 3, "left_empty": [], "not_shown": 0, "size": 0}
    sheet = await sheet_of(api, again)
    assert [is_empty(tile_of(sheet, number)) for number in range(4)] == [False, False, False, True]


async def test_a_sheet_whose_drawing_failed_is_drawn_by_the_retry(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    fail_once(monkeypatch, "draw_sheet", CHAIR[0])
    batch = await process(api, "contact-sheet", dict.fromkeys(CHAIR, encoded(drawing(), "PNG")))
    assert [job["status"] for job in batch["jobs"]] == ["failed", "completed", "completed"]
    again = await retry(api, batch)
    (job,) = again["jobs"]
    assert (job["result"]["sheet_job_id"], job["result"]["sheet_job_sequence"]) == (job["id"], 1)
    sheet = await sheet_of(api, again)
    assert not any(is_empty(tile_of(sheet, number)) for number in range(3))


def test_titles_keep_their_spelling_and_their_place(tmp_path: Path) -> None:
    path = tmp_path / "picture"
    path.write_bytes(encoded(drawing(), "PNG"))

    def strip(title: str, label: str = "Front") -> tuple[bytes, bytes]:
        places, jpeg = unpack(draw_sheet(title, [str(path)], ["a.png"], [label], 256))
        assert json.loads(places) == []
        with Image.open(io.BytesIO(jpeg)) as sheet:
            assert sheet.size == (256 + 2 * GAP, 56 + 256 + 36 + 2 * GAP)
            tile = sheet.getpixel((GAP + 128, TOP + 100))
            assert all(abs(seen - meant) < 12 for seen, meant in zip(tile, RED, strict=True))  # type: ignore[arg-type]
            edge = sheet.crop((256 + GAP + 2, 0, 256 + 2 * GAP, sheet.height))
            assert all(low > 235 for low, _ in edge.getextrema())  # type: ignore[union-attr, misc]
            title_row, label_row = (0, 0, 300, TOP - 4), (0, TOP + 256 + 4, 300, sheet.height)
            return sheet.crop(title_row).tobytes(), sheet.crop(label_row).tobytes()

    assert strip("CHAIR")[0] != strip("chair")[0]
    assert strip("\u6905\u5b50")[0] != strip("\u684c\u5b50")[0]  # two boxes would be the same
    assert strip("A", "\u0643\u0631\u0633\u064a")[1] != strip("A", "\u0628\u0627\u0628")[1]
    strip("A very long name of something " * 30, "Front from above " * 30)
