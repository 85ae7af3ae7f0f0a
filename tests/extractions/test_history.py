"""Extractions as rows: listed, read one by one, and one swimmer's across batches."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import text

from app.extractions import repository
from tests.conftest import Api
from tests.extractions.draw_samples import SAMPLES
from tests.extractions.test_pipeline import extract

pytestmark = pytest.mark.own_service

FILES = sorted(SAMPLES.glob("*.pdf"))
SPELLINGS = ("Maya Lindqvist", "Lindqvist, Maya", "LINDQVIST Maya", "Maya E Lindqvist")


@pytest.fixture(scope="module")
async def batches(api: Api) -> dict[str, dict[str, Any]]:
    """One batch of one sheet for each spelling, and one for another swimmer."""
    wanted = (*SPELLINGS, "Ada Okafor")
    return {
        name: await extract(api, name, [(path.name, path.read_bytes())])
        for name, path in zip(wanted, [*FILES[:4], FILES[0]], strict=True)
    }


async def listed(api: Api, **params: Any) -> dict[str, Any]:
    reply = await api.get("/api/extractions", params=params)
    assert reply.status_code == 200, reply.text
    page: dict[str, Any] = reply.json()
    return page


@pytest.mark.parametrize("name", ["Maya Lindqvist", "lindqvist,maya", "LINDQVIST Maya", "*Lindqvist, Maya"])
async def test_one_swimmer_across_batches(api: Api, batches: dict[str, dict[str, Any]], name: str) -> None:
    page = await listed(api, swimmer=name)
    assert page["names"] == sorted(SPELLINGS)
    found = [extraction["batch_id"] for extraction in page["extractions"]]
    assert found == [batches[spelling]["id"] for spelling in reversed(SPELLINGS)]
    swims = [swim for extraction in page["extractions"] for swim in extraction["swims"]]
    assert len(swims) == sum(len(batches[spelling]["jobs"][0]["result"]["swims"]) for spelling in SPELLINGS)


async def test_nobody_else_is_taken_for_the_swimmer(api: Api, batches: dict[str, dict[str, Any]]) -> None:
    assert (await listed(api, swimmer="Maya J Lindqvist"))["names"] == sorted(SPELLINGS[:3])
    assert (await listed(api, swimmer="Maja Lindqvist"))["extractions"] == []
    (only,) = (await listed(api, swimmer="Okafor, Ada"))["extractions"]
    assert only["batch_id"] == batches["Ada Okafor"]["id"]


async def test_pages_and_batches(api: Api, batches: dict[str, dict[str, Any]]) -> None:
    seen, cursor = [], None
    while True:
        page = await listed(api, limit=2, **({"cursor": cursor} if cursor else {}))
        seen += [extraction["id"] for extraction in page["extractions"]]
        cursor = page["next_cursor"]
        if not cursor:
            break
    ids = [batch["jobs"][0]["extraction_id"] for batch in batches.values()]
    assert seen == ids[::-1]
    one = batches[SPELLINGS[1]]
    (only,) = (await listed(api, batch_id=one["id"]))["extractions"]
    assert only["job_id"] == one["jobs"][0]["id"]


async def test_one_extraction(api: Api, batches: dict[str, dict[str, Any]]) -> None:
    job = batches[SPELLINGS[0]]["jobs"][0]
    assert job["extraction_id"] == job["result"]["extraction_id"]
    found = (await api.get(f"/api/extractions/{job['extraction_id']}")).json()["extraction"]
    assert (found["id"], found["job_id"], found["result"]) == (job["extraction_id"], job["id"], job["result"])
    assert (found["source"], found["filename"], found["cached"]) == ("text", FILES[0].name, False)


@pytest.mark.parametrize("params", [{"swimmer": ""}, {"swimmer": "a\x00b"}, {"swimmer": "x" * 256}, {"batch_id": "x"}])
async def test_bad_questions_are_refused(api: Api, params: dict[str, str]) -> None:
    assert (await api.get("/api/extractions", params=params)).status_code == 422


async def test_history_is_served_by_an_index(api: Api, batches: dict[str, dict[str, Any]]) -> None:
    """Of 20,000 extractions, names and the rows of one swimmer are found without looking at the others."""
    async with api.installation.database.transaction() as session:
        fill = """
            insert into extractions (id, organisation_id, job_id, swimmer_name, swims)
            select gen_random_uuid(), b.organisation_id, j.id, 'Other ' || 1 + n % 200, '[]'
            from batches b join jobs j on j.batch_id = b.id, generate_series(1, 20000) n
            where b.id = :id"""
        await session.execute(text("alter table extractions drop constraint uq_extractions_job_id"))
        await session.execute(text(fill), {"id": batches["Ada Okafor"]["id"]})
        await session.execute(text("analyze extractions"))
        organisation_id = (await session.execute(text("select id from organisations limit 1"))).scalar_one()
        names = await repository.list_swimmer_names(session, organisation_id)
        plans = []
        for query in (
            str(repository.SWIMMER_NAMES).replace(":organisation_id", f"'{organisation_id}'"),
            f"select * from extractions where organisation_id = '{organisation_id}'"
            " and swimmer_name in ('Maya Lindqvist') order by id desc limit 50",
        ):
            plans.append("\n".join((await session.execute(text(f"explain {query}"))).scalars()))
        await session.rollback()
    assert all("ix_extractions_organisation_id_swimmer" in plan and "Seq Scan" not in plan for plan in plans), plans
    assert set(names) == {*SPELLINGS, "Ada Okafor", *(f"Other {n}" for n in range(1, 201))}
