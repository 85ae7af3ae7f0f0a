"""What the names of pictures tell: the customer, what is seen, and from which side."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.assets.originals import pipeline
from app.assets.picture_names import PICTURES, asset_key, asset_of, seen_on, view_of
from app.batches.naming import Namer
from app.pipelines.naming import NamingChoices
from tests.assets.name_matrix import Case, cases


@pytest.mark.parametrize("case", cases(), ids=lambda case: case.filename)
def test_customer_and_view(case: Case) -> None:
    assert (PICTURES.customer_of(case.filename), view_of(case.filename)) == (case.customer, case.view)


@pytest.mark.parametrize(
    ("filename", "prefix"),
    [
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
        ("КХ_Quay_Front.png", None),
        ("", None),
        ("...", None),
    ],
)
def test_prefixes_at_the_edges(filename: str, prefix: str | None) -> None:
    assert PICTURES.customer_of(filename) == prefix


@pytest.mark.parametrize(
    ("filename", "asset", "view"),
    [
        ("KX_Quay_Lamp_Front.png", "kx_quay_lamp", "front"),
        ("kx-quay-lamp-back_02.PNG", "kx_quay_lamp", "back"),
        ("KX Quay Lamp 3Q (1).png", "kx_quay_lamp", "3q"),
        ("Lamp_Front_4K_final.png", "lamp", "front"),
        ("OfficeLampFront.png", "officelamp", "front"),
        ("Lamp_Front_Red.png", "lamp_red", "front"),
        ("Copy of Lamp_Front.png", "lamp", "front"),
        ("Lampe_Vorne_Links.png", "lampe", "front-left"),
        ("灯正面.png", "灯", "front"),
        ("00012345678905_A7N1.png", "00012345678905", "back"),
        ("Front.png", "", "front"),
        ("IMG_0042.jpg", "img_0042", None),
        ("KX_Quay_Lamp.png", "kx_quay_lamp", None),
        ("Stu\u0308hle_Front.png", "st\u00fchle", "front"),
    ],
)
def test_asset_and_view(filename: str, asset: str, view: str | None) -> None:
    assert (asset_of(filename), view_of(filename)) == (asset, view)


@pytest.mark.parametrize(
    ("filename", "title", "label"),
    [
        ("KX_Quay_Lamp_Front_4K.png", "KX_Quay_Lamp", "Front"),
        ("KX Quay Lampe vue de face.png", "KX_Quay_Lampe", "vue de face"),
        ("OfficeLampFront.png", "OfficeLamp", "Front"),
        ("Größe_Hinten_Links.png", "Größe", "Hinten Links"),
        ("IMG_0042.jpg", "IMG_0042", None),
    ],
)
def test_people_read_what_the_name_has(filename: str, title: str, label: str | None) -> None:
    assert seen_on(filename)[2:] == (title, label)


OWN = NamingChoices.of(
    {
        "views": {"packshot": ["PS", "still life"], "front": ["F", "1"], "back": ["B", "3"], "angle": ["front right"]},
        "not_views": ["top", "Hinten"],
        "customers": ["ACME", "Möbel Müller", "RED_MUG"],
        "not_customers": ["KX_QUAY"],
    },
    seen=["PL_DXB", "NV_PIER44", "TIKA_MOLO"],
)


@pytest.mark.parametrize(
    ("filename", "asset", "view"),
    [
        ("Lamp_PS.png", "lamp", "packshot"),
        ("Lamp still-life.png", "lamp", "packshot"),
        ("Lamp_F_02.png", "lamp", "front"),
        ("4006381333931_1.png", "4006381333931", "front"),
        ("4006381333931_3.png", "4006381333931", "back"),
        ("Lamp_Front_Right.png", "lamp", "angle"),
        ("Tank_Top.png", "tank_top", None),
        ("Lampe_Hinten.png", "lampe_hinten", None),
        ("Lampe_Rückseite.png", "lampe", "back"),
    ],
)
def test_words_of_the_organisation_come_before_the_built_in_ones(filename: str, asset: str, view: str | None) -> None:
    assert seen_on(filename, OWN)[:2] == (asset, view)
    assert asset_key(OWN)(filename) == asset
    assert asset_key(OWN) is asset_key(NamingChoices(views=OWN.views, not_views=OWN.not_views))


@pytest.mark.parametrize(
    ("filename", "prefix"),
    [
        ("ACME_Lamp_Front.png", "ACME"),
        ("acme lamp.png", "ACME"),
        ("Copy of ACME-Lamp.png", "ACME"),
        ("ACMELamp.png", None),
        ("Möbel_Müller_Stuhl.png", "Möbel Müller"),
        ("Mo\u0308bel-Mu\u0308ller-Stuhl.png", "Möbel Müller"),
        ("RED_MUG_Front.png", "RED_MUG"),
        ("KX_Quay_Lamp_Front.png", None),
        ("PL_DXB-191_Chair.png", "PL_DXB191"),
        ("pl_dxb_chair.png", "PL_DXB"),
        ("NV_PIER_44_Chair.png", "NV_PIER44"),
        ("tika_molo_chair.png", "TIKA_MOLO"),
        ("tika_chair.png", None),
    ],
)
def test_known_customers_outweigh_guesses(filename: str, prefix: str | None) -> None:
    assert PICTURES.customer_of(filename, OWN) == prefix


def test_customers_are_looked_up_as_they_may_be_kept() -> None:
    assert {"PL_DXB191", "PL_DXB", "PL"} <= set(PICTURES.customers_in("pl_dxb-191_Chair_Front.png"))


def test_worked_cases(real_data: Path) -> None:
    namer = Namer(PICTURES, pipeline.label)
    for case in json.loads((real_data / "images" / "FILENAME_SETS.json").read_text()):
        files, flags = case["files"], case["flags"]
        prefix, mixed = namer.prefix_of(files)
        description = namer.description_of(files)
        directory = namer.directory_of(prefix, description, datetime.fromisoformat(case["date"]).replace(tzinfo=UTC))
        without = sum(PICTURES.customer_of(name) is None for name in files)
        found = (prefix, description, directory, mixed, without)
        expected = tuple(case[f"expected_{name}"] for name in ("prefix", "description", "directory"))
        assert found == (*expected, flags["mixed"], flags["unprefixed"]), case["why"]


@given(
    st.text(max_size=60)
    | st.from_regex(r"[A-Z]{1,6}[_\- ][A-Za-z]{1,9}\d{0,4}[_\- ](Front|3|4|3Q|vue|de|Left)[_ @]\d?x?")
)
def test_any_name_is_read(filename: str) -> None:
    seen = seen_on(filename)
    assert seen.view is None or seen.view
    prefix = PICTURES.customer_of(filename)
    assert prefix is None or (len(prefix) <= 20 and prefix.isascii() and prefix.isupper())
