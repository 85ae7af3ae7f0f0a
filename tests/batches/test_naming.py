"""What file names tell of a batch: customer, content, and the folder of its results."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest

from app.assets.picture_names import PICTURES, asset_of, view_of
from app.batches.naming import base_directory_name, common_prefix, job_description
from app.pipelines.naming import Naming
from tests.conftest import Api
from tests.files.bodies import FORM, form, part

DAY = date(2026, 3, 14)


@pytest.mark.parametrize(
    ("filename", "prefix"),
    [
        ("KX_Harbour7_Lamp_Front.png", "KX_HARBOUR7"),
        ("kx_harbour7_lamp_front.png", "KX_HARBOUR7"),
        ("KX-Harbour7-Lamp-Front.png", "KX_HARBOUR7"),
        ("KX Harbour7 Lamp Front.png", "KX_HARBOUR7"),
        ("ABCDE_Quay.png", "ABCDE_QUAY"),
        ("KX_Quay.tar.gz", "KX_QUAY"),
        ("/home/me/KX_Quay_Front.png", "KX_QUAY"),
        ("C:\\Users\\me\\KX_Quay_Front.png", "KX_QUAY"),
        ("KX_Quay_\u202egnp.exe", "KX_QUAY"),
        ("KX_" + "Q" * 40 + "_Front.png", "KX_" + "Q" * 17),
        ("KX_Quay_" + "x" * 300 + ".png", "KX_QUAY"),
        ("KX_Quay_$(id)_Back.png", "KX_QUAY"),
        ("K_Quay_Front.png", None),
        ("ABCDEF_Quay_Front.png", None),
        ("KX_7_Front.png", None),
        ("KX_Q_Front.png", None),
        ("KX_Front.png", None),
        ("Front.png", None),
        ("IMG_Harbour7.jpg", None),
        ("DSC_0042.JPG", None),
        ("Screenshot 2026-03-14 at 15.09.26.png", None),
        ("4006381333931_1.png", None),
        ("SKU9_red-boots_front_01.jpg", None),
        (".KX_Quay_Front.png", None),
        ("КХ_Quay_Front.png", None),
        ("KX_上海_Front.png", None),
        ("", None),
        ("...", None),
    ],
)
def test_customer_prefix(filename: str, prefix: str | None) -> None:
    assert PICTURES.customer_of(filename) == prefix


@pytest.mark.parametrize(
    ("filenames", "prefix", "mixed"),
    [
        (["KX_Quay_A_Front.png", "KX_Quay_B_Front.png"], "KX_QUAY", False),
        (["KX_Quay_A.png", "NV_Pier_A.png", "NV_Pier_B.png"], "NV_PIER", True),
        (["KX_Quay_A.png", "NV_Pier_A.png"], "KX_QUAY", True),
        (["NV_Pier_A.png", "KX_Quay_A.png"], "NV_PIER", True),
        (["logo.png", "KX_Quay_A.png"], "KX_QUAY", False),
        (["logo.png", "Front.png"], None, False),
        ([], None, False),
    ],
)
def test_common_prefix(filenames: list[str], prefix: str | None, mixed: bool) -> None:
    assert common_prefix(filenames, PICTURES) == (prefix, mixed)


@pytest.mark.parametrize(
    ("filenames", "description"),
    [
        (["KX_Quay_Lamp_Front.png", "KX_Quay_Lamp_Back.png", "KX_Quay_Lamp_Side.png"], "3-view_Render"),
        (["A_Front.png", "A_Back.png", "B_Front.png", "B_Back.png"], "2-view_Render"),
        (["Front.png"], "1-view_Render"),
        (["lamp-front.png", "lamp back.png"], "2-view_Render"),
        (["KX_Quay_Lamp_Front_01.png", "KX_Quay_Lamp_Back_02.png"], "2-view_Render"),
        (["KX_Quay_Lamp_Front.png", "KX_Quay_Lamp_Front (1).png"], "1-view_Render"),
        (["KX_Quay_Lamp_Hero.png", "KX_Quay_Lamp_3Q.png", "KX_Quay_Lamp_Detail.png"], "3-view_Render"),
        (["KX_Quay_Lamp_Front.png", "kx_quay_lamp_front.PNG"], "1-view_Render"),
        (["KX_Quay_Lamp_Front.png", "logo.png"], "2-file_Render"),
        (["4006381333931_1.png", "4006381333931_3.png"], "2-file_Render"),
        (["DSC_0042.JPG"], "1-file_Render"),
        (["KX_Quay_a.tar.gz"], "1-file_Render"),
        (["", ""], "2-file_Render"),
        ([], "0-file_Render"),
    ],
)
def test_description_read_off_the_names(filenames: list[str], description: str) -> None:
    assert job_description(filenames, PICTURES) == description


@pytest.mark.parametrize(
    ("given", "description"),
    [
        ("Spring catalogue", "Spring_catalogue"),
        ("../../etc; rm -rf ~", "etc_rm_-rf"),
        ("Größe 上海", "Größe_上海"),
        ("***", "Batch"),
        ("..", "Batch"),
        ("x" * 200, "x" * 80),
        ("", "1-view_Render"),
    ],
)
def test_own_words_win_and_stay_one_folder(given: str, description: str) -> None:
    assert job_description(["Front.png"], PICTURES, given) == description


def test_base_directory_name() -> None:
    assert base_directory_name("KX_QUAY", "3-view_Render", DAY) == "KX_QUAY_3-view_Render_2026-03-14"
    assert base_directory_name(None, "3-view_Render", DAY) == "3-view_Render_2026-03-14"
    assert base_directory_name("KX_QUAY", "x" * 80, DAY).endswith("_2026-03-14")


@pytest.mark.parametrize(
    ("filename", "asset", "view"),
    [
        ("KX_Quay_Lamp_Front.png", "kx_quay_lamp", "front"),
        ("kx-quay-lamp-back_02.PNG", "kx_quay_lamp", "back"),
        ("KX Quay Lamp 3Q (1).png", "kx_quay_lamp", "3q"),
        ("Front.png", "", "front"),
        ("IMG_0042.jpg", "img_0042", None),
        ("KX_Quay_Lamp.png", "kx_quay_lamp", None),
        ("Stu\u0308hle_Front.png", "st\u00fchle", "front"),
    ],
)
def test_asset_and_view(filename: str, asset: str, view: str | None) -> None:
    assert (asset_of(filename), view_of(filename)) == (asset, view)


def test_worked_cases(real_data: Path) -> None:
    for case in json.loads((real_data / "images" / "FILENAME_SETS.json").read_text()):
        files, flags = case["files"], case["flags"]
        prefix, mixed = common_prefix(files, PICTURES)
        description = job_description(files, PICTURES)
        directory = base_directory_name(prefix, description, date.fromisoformat(case["date"]))
        without = sum(PICTURES.customer_of(name) is None for name in files)
        found = (prefix, description, directory, mixed, without)
        expected = tuple(case[f"expected_{name}"] for name in ("prefix", "description", "directory"))
        assert found == (*expected, flags["mixed"], flags["unprefixed"]), case["why"]


def test_other_workloads_know_no_views_and_no_cameras() -> None:
    assert common_prefix(["IMG_Harbour7.csv"], Naming()) == ("IMG_HARBOUR7", False)
    assert job_description(["KX_Quay_Front.csv", "KX_Quay_Back.csv"], Naming()) == "2-file_Render"


async def test_a_mixture_of_customers_is_said_and_kept(api: Api) -> None:
    for names, mixed in ((["KX_Quay_A.png", "NV_Pier_A.png"], True), (["KX_Quay_A.png", "logo.png"], False)):
        body = form(part("pipeline", "no-op"), *(part("files", name, name) for name in names))
        created = (await api.post("/api/jobs/batch", content=body, headers=FORM)).json()
        assert (created["customer_prefix"], created["mixed_customers"]) == ("KX_QUAY", mixed)
        batch = (await api.get(f"/api/batches/{created['batch_id']}")).json()["batch"]
        assert batch["mixed_customers"] is mixed
