"""What file names tell of a batch: customer, content, and the folder of its results."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from app.assets.picture_names import PICTURES
from app.batches.naming import Namer, directory_of_name, name_of_source
from app.pipelines.contract import Pipeline, PipelineNotWellFormed
from app.pipelines.naming import Naming, NamingChoices
from tests.conftest import Api
from tests.files.bodies import FORM, form, part

MORNING = datetime(2026, 3, 14, 9, tzinfo=UTC)
RENDERS = Namer(PICTURES, "Render")
RESULTS = Namer(Naming())


@pytest.mark.parametrize(
    ("filenames", "prefix", "mixed"),
    [
        (["KX_Quay_A_Front.png", "KX_Quay_B_Front.png"], "KX_QUAY", False),
        (["KX_Quay_A.png", "NV_Pier_A.png", "NV_Pier_B.png"], "NV_PIER", True),
        (["KX_Quay_A.png", "NV_Pier_A.png"], "KX_QUAY", True),
        (["NV_Pier_A.png", "KX_Quay_A.png"], "NV_PIER", True),
        (["PL_DXB-191_A.png", "PL_DXB-200_A.png"], "PL_DXB191", True),
        ([f"JBL_Flip{number}_Front.png" for number in range(5)], None, True),
        ([f"JBL_Flip{number}_Front.png" for number in range(4)], "JBL_FLIP0", True),
        (["logo.png", "KX_Quay_A.png"], "KX_QUAY", False),
        (["logo.png", "Front.png"], None, False),
        ([], None, False),
    ],
)
def test_common_prefix(filenames: list[str], prefix: str | None, mixed: bool) -> None:
    assert RENDERS.prefix_of(filenames) == (prefix, mixed)


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
        ([], "Draft"),
    ],
)
def test_description_read_off_the_names(filenames: list[str], description: str) -> None:
    assert RENDERS.description_of(filenames) == description


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
    assert RENDERS.description_of(["Front.png"], description=given) == description


@pytest.mark.parametrize(
    ("sources", "description"),
    [
        (["file"], "2-file_Results"),
        (["record", "record"], "2-record_Results"),
        (["url"], "2-url_Results"),
        (["file", "url"], "2-item_Results"),
    ],
)
def test_what_is_counted_is_called_what_it_is(sources: list[str], description: str) -> None:
    assert RESULTS.description_of(["KX_Quay_Front.csv", "KX_Quay_Back.csv"], sources) == description
    assert RESULTS.prefix_of(["KX_Quay_Front.csv", "KX_Quay_Back.csv"]) == (None, False)


def test_records_are_not_read_as_pictures() -> None:
    assert RENDERS.description_of(["Lamp_Front", "Lamp_Back"], ["record"]) == "2-record_Render"


def test_folder_of_a_batch() -> None:
    assert RENDERS.directory_of("KX_QUAY", "3-view_Render", MORNING) == "KX_QUAY_3-view_Render_2026-03-14"
    assert RENDERS.directory_of(None, "3-view_Render", MORNING) == "3-view_Render_2026-03-14"
    assert RENDERS.directory_of("KX_QUAY", "x" * 80, MORNING).endswith("_2026-03-14")
    assert RENDERS.directory_of("A/B: C", "x", MORNING) == "A_B_ C_x_2026-03-14"


def test_day_is_the_organisations() -> None:
    late = datetime(2026, 3, 14, 20, 30, tzinfo=UTC)
    for zone, day in (("UTC", "14"), ("Pacific/Auckland", "15"), ("America/Los_Angeles", "14")):
        namer = Namer(Naming(), "Results", NamingChoices(), ZoneInfo(zone))
        assert namer.directory_of(None, "x", late) == f"x_2026-03-{day}"


@pytest.mark.parametrize(
    ("name", "url", "expected"),
    [
        ("mine.png", "https://example.org/other.png", "mine.png"),
        (None, "https://example.org/shop/KX_Quay_Lamp_Front.png?v=1.2&size=large", "KX_Quay_Lamp_Front.png"),
        (None, "https://example.org/K%C3%BCche%20Vorne.png#top", "Küche Vorne.png"),
        (None, "https://example.org", ""),
        (None, "https://[broken/a.png", ""),
        (None, None, ""),
    ],
)
def test_names_of_sources(name: str | None, url: str | None, expected: str) -> None:
    assert name_of_source(name, url) == expected


@pytest.mark.parametrize(
    ("name", "directory"),
    [
        ("Spring catalogue", "Spring catalogue"),
        ("a/b: c", "b_ c"),
        ("CON", "_CON"),
        ("...", "unnamed"),
        ("上海", "上海"),
    ],
)
def test_folder_of_a_name(name: str, directory: str) -> None:
    assert directory_of_name(name) == directory


@pytest.mark.parametrize("label", ["", "two words", "a/b", "x" * 41])
def test_label_is_a_word(label: str) -> None:
    with pytest.raises(PipelineNotWellFormed):
        Pipeline("p", title="P", label=label)


async def submit(api: Api, *names: str, **options: Any) -> dict[str, Any]:
    fields = (part(name, str(value)) for name, value in ({"pipeline": "originals"} | options).items())
    body = form(*fields, *(part("files", name, name) for name in names))
    answer = await api.post("/api/jobs/batch", content=body, headers=FORM)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


async def batch_of(api: Api, created: dict[str, Any]) -> dict[str, Any]:
    return dict((await api.get(f"/api/batches/{created['batch_id']}")).json()["batch"])


async def zip_of(api: Api, created: dict[str, Any]) -> str:
    reply = await api.get(f"/api/batches/{created['batch_id']}/download")
    return str(reply.headers["content-disposition"])


async def test_a_mixture_of_customers_is_said_and_kept(api: Api) -> None:
    for names, mixed in ((["KX_Quay_A.png", "NV_Pier_A.png"], True), (["KX_Quay_A.png", "logo.png"], False)):
        created = await submit(api, *names)
        assert (created["customer_prefix"], created["mixed_customers"]) == ("KX_QUAY", mixed)
        assert (await batch_of(api, created))["mixed_customers"] is mixed


async def test_a_given_name_wins_and_renaming_goes_with_the_zip(api: Api) -> None:
    created = await submit(api, "KX_Quay_Lamp_Front.png", name="Spring: catalogue", description="unused")
    assert created["base_directory_name"] == "Spring_ catalogue"
    assert 'filename="Spring_ catalogue.zip"' in await zip_of(api, created)
    path = f"/api/batches/{created['batch_id']}"
    renamed = (await api.patch(path, json={"name": "Autumn"})).json()
    assert (renamed["name"], renamed["base_directory_name"]) == ("Autumn", "Autumn")
    assert 'filename="Autumn.zip"' in await zip_of(api, created)
    same = (await api.patch(path, json={"name": "Autumn", "description": "words"})).json()
    assert (same["name"], same["base_directory_name"]) == ("Autumn", "Autumn")
    other = await submit(api, "KX_Quay_Lamp_Front.png", name="Autumn")
    assert other["base_directory_name"] == "Autumn_2"


async def test_a_batch_that_nobody_named_is_named_anew(api: Api) -> None:
    created = await submit(api, "KX_Quay_Desk_Front.png", "KX_Quay_Desk_Back.png")
    day = created["base_directory_name"].rpartition("_")[2]
    path = f"/api/batches/{created['batch_id']}"
    described = (await api.patch(path, json={"description": "Desk only"})).json()
    assert described["name"] == described["base_directory_name"] == f"KX_QUAY_Desk_only_{day}"
    owned = (await api.patch(path, json={"customer_prefix": "Tika Molo"})).json()
    assert (owned["customer_prefix"], owned["name"]) == ("Tika Molo", f"Tika Molo_Desk_only_{day}")
    nobody = (await api.patch(path, json={"customer_prefix": None, "description": ""})).json()
    assert (nobody["customer_prefix"], nobody["mixed_customers"]) == (None, False)
    assert nobody["name"].startswith("2-view_Render_")


async def test_customers_of_earlier_batches_and_given_ones(api: Api) -> None:
    assert (await submit(api, "Rata_Moa_Lamp_Front.png"))["customer_prefix"] is None
    given = await submit(api, "Rata_Moa_Lamp_Front.png", customer_prefix="RATA_MOA")
    assert given["customer_prefix"] == "RATA_MOA"
    assert (await submit(api, "Rata_Moa_Desk_Front.png"))["customer_prefix"] == "RATA_MOA"
    refused = await api.post(
        "/api/batches", json={"pipeline": "originals", "start": False, "customer_prefix": "x" * 21}
    )
    assert refused.status_code == 422


async def test_words_of_the_organisation_name_its_batches(api: Api) -> None:
    naming = {"views": {"front": ["F"], "back": ["B"]}, "customers": ["ACME"], "not_views": [], "not_customers": []}
    changed = await api.patch("/api/organisation", json={"naming": naming, "time_zone": "Pacific/Auckland"})
    assert (changed.json()["naming"], changed.json()["time_zone"]) == (naming, "Pacific/Auckland")
    try:
        created = await submit(api, "acme_lamp_F.png", "acme_lamp_B.png")
        day = datetime.now(ZoneInfo("Pacific/Auckland")).date().isoformat()
        assert created["base_directory_name"] == f"ACME_2-view_Render_{day}"
        assert (await api.get("/api/session")).json()["organisation"]["naming"] == naming
    finally:
        await api.patch("/api/organisation", json={"naming": None, "time_zone": None})
    assert (await api.patch("/api/organisation", json={})).json()["time_zone"] == "UTC"


@pytest.mark.parametrize(
    "change",
    [
        {"time_zone": "Mars/Olympus"},
        {"naming": {"views": {"front": ["x"], "back": ["X"]}}},
        {"naming": {"customers": ["Acme"], "not_customers": ["ACME"]}},
        {"naming": {"customers": [""]}},
        {"naming": {"colours": []}},
    ],
)
async def test_what_contradicts_itself_is_refused(api: Api, change: dict[str, Any]) -> None:
    assert (await api.patch("/api/organisation", json=change)).status_code == 422


async def test_empty_drafts_are_drafts(api: Api) -> None:
    created = (await api.post("/api/batches", json={"pipeline": "originals", "start": False})).json()
    assert created["base_directory_name"].startswith("Draft_20")
