"""Lists and filters of batch reports, their SQL views, expiry and other organisations."""

from __future__ import annotations

import json
from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.expression import ClauseElement, Executable, Select

from app.reports.models import batch_reports
from app.reports.repository import BatchReportFilter, summary_conditions
from app.reports.summary_filter import read_paths
from app.runner.runner import Runner
from tests.auth.people import caller, key_of
from tests.batch_helpers import follow
from tests.conftest import Api
from tests.reports.tables import PEOPLE, report_on

pytestmark = pytest.mark.own_service

TSV = b"id\tname\n7\tAda\n"


@pytest.fixture(scope="module")
async def batches(api: Api) -> list[dict[str, Any]]:
    """One of two good files, one with a bad one, one of failures only."""
    two = await report_on(api, [("a.csv", PEOPLE), ("b.tsv", TSV)], name="two")
    mixed = await report_on(api, [("ragged.csv", PEOPLE + b"4\n"), ("bad.csv", b"")], name="mixed")
    lost = await report_on(api, [("none.csv", b"")], name="lost")
    return [two[0], mixed[0], lost[0]]


class Explain(Executable, ClauseElement):
    """The plan of a statement, with its parameters as they are."""

    inherit_cache = False

    def __init__(self, statement: Select[Any]) -> None:
        self.statement = statement


@compiles(Explain)
def _explain(element: Explain, compiler: SQLCompiler, **options: Any) -> str:
    return f"explain {compiler.process(element.statement, **options)}"


async def names(api: Api, query: str) -> list[str]:
    reply = await api.get(f"/api/batch-reports?{query}")
    assert reply.status_code == 200, reply.text
    return [batch["name"] for batch in reply.json()["batch_reports"]]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", ["lost", "mixed", "two"]),
        ("status=partial,failed", ["lost", "mixed"]),
        ("status=success", ["two"]),
        ("summary.total_rows=4", ["mixed", "two"]),
        ("summary.formats.csv=1&summary.formats.tsv=1", ["two"]),
        ("summary.shared_columns=name", ["mixed", "two"]),
        ("summary.worst_files.file_name=ragged.csv", ["mixed"]),
        ("summary.errors.EMPTY_FILE=1", ["lost", "mixed"]),
        ('summary={"formats": {"csv": 1}, "failed_files": 1}', ["mixed"]),
        ('summary={"formats": {"csv": 1}}&status=completed', ["two"]),
        ("summary.total_rows=99", []),
        ("search=MIX", ["mixed"]),
        ("archived=true", []),
        ("confidence=low", []),
        ("note=NEVER_SEEN", []),
        ("note=RAGGED_ROWS", ["mixed"]),
        ("summary.confidence.check=1", ["mixed"]),
    ],
)
async def test_filters(api: Api, batches: list[dict[str, Any]], query: str, expected: list[str]) -> None:
    assert await names(api, query) == expected


@pytest.mark.parametrize(
    "query",
    [
        "summary=[]",
        "summary=x",
        'summary={"a":"%00"}',
        'summary={"a":"\\u0000"}',
        "summary.=1",
        "summary.a..b=1",
        "summary.a=%00",
        "status=unknown",
        "&".join(f"summary.a{n}=1" for n in range(11)),
        f"summary={json.dumps({'a': [[[]]]}).replace('[[[]]]', '[' * 200 + ']' * 200)}",
    ],
)
async def test_filters_that_cannot_be_read_are_400(api: Api, query: str) -> None:
    reply = await api.get(f"/api/batch-reports?{query}")
    assert (reply.status_code, reply.json()["code"]) == (400, "invalid_filter")


async def test_a_path_is_data_and_not_a_language(api: Api, batches: list[dict[str, Any]]) -> None:
    for path in ('a" ? (@ > 0) || $."total_rows', "$", "*", "a[0]", "'", "\\"):
        assert await api.get("/api/batch-reports", params={f"summary.{path}": '4" || 1 == 1 || "'}) is not None
        reply = await api.get("/api/batch-reports", params={f"summary.{path}": '4" || 1 == 1 || "'})
        assert (reply.status_code, reply.json()["batch_reports"]) == (200, [])


async def test_pages_and_files(api: Api, batches: list[dict[str, Any]]) -> None:
    reply = (await api.get("/api/batch-reports?limit=2")).json()
    rest = (await api.get(f"/api/batch-reports?limit=2&cursor={reply['next_cursor']}")).json()
    assert [batch["name"] for batch in reply["batch_reports"] + rest["batch_reports"]] == ["lost", "mixed", "two"]
    path = f"/api/batch-reports/{batches[1]['id']}/files"
    for status, expected in (("success", ["ragged.csv"]), ("completed", ["ragged.csv"]), ("failed", ["bad.csv"])):
        files = (await api.get(f"{path}?status={status}")).json()["files"]
        assert [file["file_name"] for file in files] == expected
    assert (await api.get(f"{path}?status=processing")).json()["files"] == []
    page = (await api.get(f"{path}?limit=1")).json()
    following = (await api.get(f"{path}?limit=1&cursor={page['next_cursor']}")).json()
    assert (following["files"][0]["file_type"], following["next_cursor"]) == ("csv", None)
    reports = (await api.get(f"/api/reports?batch_id={batches[0]['id']}")).json()["reports"]
    assert {report["file_name"] for report in reports} == {"a.csv", "b.tsv"}


async def test_other_pipelines_are_no_batch_reports(api: Api, batches: list[dict[str, Any]]) -> None:
    other = await api.post("/api/batches", json={"pipeline": "no-op", "items": [{"record": {}}]})
    for path in ("", "/files"):
        reply = await api.get(f"/api/batch-reports/{other.json()['batch_id']}{path}")
        assert (reply.status_code, reply.json()["code"]) == (404, "batch_report_not_found")


async def test_batches_live_a_day_unless_told_otherwise(api: Api) -> None:
    def hours(batch: dict[str, Any]) -> str:
        return f"select extract(epoch from (expires_at - created_at)) / 3600 from batches where id = '{batch['id']}'"

    plain = (await report_on(api, [("a.csv", PEOPLE)]))[0]
    longer = (await report_on(api, [("a.csv", PEOPLE)], expires_in_hours="72"))[0]
    async with api.installation.database.transaction() as session:
        lives = [round((await session.execute(text(hours(batch)))).scalar_one()) for batch in (plain, longer)]
    assert lives == [24, 72]


async def test_expired_reports_are_gone_for_readers_at_once_and_from_the_table_with_housekeeping(api: Api) -> None:
    (file,) = (await report_on(api, [("a.csv", PEOPLE)]))[1]
    database, runner = api.installation.database, api.installation.get(Runner)
    async with database.transaction() as session:
        await session.execute(
            text("update reports set expires_at = now() - interval '1 second' where id = :id"),
            {"id": file["report_id"]},
        )
    assert (await api.get(f"/api/reports/{file['report_id']}")).status_code == 404
    assert runner
    await runner._housekeeping.turn()
    async with database.transaction() as session:
        query = text("select count(*) from reports where id = :id")
        assert (await session.execute(query, {"id": file["report_id"]})).scalar_one() == 0


async def test_the_summary_is_found_through_its_index(api: Api, batches: list[dict[str, Any]]) -> None:
    """With enough rows PostgreSQL answers both kinds of filter by the GIN index on batches.summary_data."""
    async with api.installation.database.transaction() as session:
        await session.execute(
            text("""
            insert into batches (id, organisation_id, pipeline_id, name, base_directory_name, execution_mode,
              max_parallel, status, total_jobs, pending_jobs, settings, metadata, completed_at, summary_data)
            select gen_random_uuid(), organisation_id, pipeline_id, 'many', 'many', execution_mode, max_parallel,
              'completed', 0, 0, '{}', '{}', now(),
              jsonb_build_object('total_rows', n, 'formats', jsonb_build_object('f' || n, n))
            from batches, generate_series(1, 20000) n where id = :id
            """),
            {"id": batches[0]["id"]},
        )
        await session.execute(text("analyze batches"))
        for wanted in (
            BatchReportFilter(paths=read_paths([("summary.formats.f777", "777")])),
            BatchReportFilter(contains={"formats": {"f777": 777}}),
        ):
            query = select(batch_reports.c.id).where(*summary_conditions(wanted))
            assert len((await session.execute(query)).all()) == 1
            plan = "\n".join(row[0] for row in await session.execute(Explain(query)))
            assert "ix_batches_summary_data" in plan, plan
            assert "Seq Scan on batches" not in plan
        await session.execute(text("delete from batches where name = 'many'"))


async def test_nothing_of_it_is_another_organisations(api: Api, batches: list[dict[str, Any]]) -> None:
    report = (await api.get("/api/reports")).json()["reports"][0]["id"]
    async with caller(api, await key_of(api, "Second")) as second:
        assert (await second.get("/api/batch-reports")).json()["batch_reports"] == []
        assert (await second.get("/api/reports")).json()["reports"] == []
        for path in (f"/api/batch-reports/{batches[0]['id']}", f"/api/reports/{report}"):
            assert (await second.get(path)).status_code == 404
        assert (await second.delete(f"/api/reports/{report}")).status_code == 404
    assert (await api.get(f"/api/reports/{report}")).status_code == 200


async def test_the_views_have_the_names_of_the_document(api: Api, batches: list[dict[str, Any]]) -> None:
    async with api.installation.database.transaction() as session:
        query = text("select successful_files, failed_files, status from batch_reports where id = :id")
        assert tuple((await session.execute(query, {"id": batches[1]["id"]})).one()) == (1, 1, "partial")
        query = text(
            "select file_name, processing_status, report_id is null from batch_report_files"
            " where batch_id = :id order by processing_order"
        )
        rows = [tuple(row) for row in await session.execute(query, {"id": batches[1]["id"]})]
    assert rows == [("ragged.csv", "success", False), ("bad.csv", "failed", True)]


async def test_a_submission_repeated_makes_one_batch(api: Api) -> None:
    parts, headers = [("files", ("a.csv", PEOPLE))], {"Idempotency-Key": "reports-once"}
    first, again = [await api.post("/api/batch-reports", files=parts, headers=headers) for _ in range(2)]
    assert (first.status_code, first.json()) == (201, again.json())
    assert again.headers["Idempotent-Replayed"] == "true"
    assert again.headers["Location"] == first.headers["Location"]


async def test_a_batch_of_several_pipelines_has_its_report_and_counts_its_tables(api: Api) -> None:
    parts = [("files", (name, content)) for name, content in (("a.csv", PEOPLE), ("bad.csv", b""))]
    created = await api.post("/api/jobs/batch", data={"pipelines": ["originals", "data-report"]}, files=parts)
    batch_id = created.json()["batch_id"]
    await follow(api, batch_id)
    batch = (await api.get(f"/api/batch-reports/{batch_id}")).json()
    assert (batch["total_files"], batch["successful_files"], batch["failed_files"]) == (2, 1, 1)
    files = (await api.get(f"/api/batch-reports/{batch_id}/files")).json()["files"]
    assert [(file["file_name"], file["processing_status"]) for file in files] == [
        ("a.csv", "success"),
        ("bad.csv", "failed"),
    ]
    assert batch["summary_data"]["total_files"] == 2
    for query in ("limit=1", "summary.total_files=2&limit=1", 'summary={"formats": {"csv": 1}}&limit=1'):
        listed = (await api.get(f"/api/batch-reports?{query}")).json()["batch_reports"]
        assert [batch["id"] for batch in listed] == [batch_id]
    async with api.installation.database.transaction() as session:
        lonely = "select count(*) from batch_report_files where batch_id not in (select id from batch_reports)"
        assert (await session.execute(text(lonely))).scalar_one() == 0


async def test_a_batch_of_several_pipelines_has_a_row_where_it_has_tables(api: Api) -> None:
    """A retry of the pictures alone names both pipelines, and has no table; one whose settings name none has."""
    data = {"pipelines": ["web-images", "data-report"]}
    created = await api.post("/api/jobs/batch", data=data, files=[("files", ("people.csv", PEOPLE))])
    batch_id = created.json()["batch_id"]
    await follow(api, batch_id)
    retried = (await api.post(f"/api/batches/{batch_id}/retry-failed")).json()["new_batch_id"]
    assert (await api.get(f"/api/batch-reports/{retried}")).status_code == 404
    async with api.installation.database.transaction() as session:
        await session.execute(text("update batches set settings = '{}' where id = :id"), {"id": batch_id})
    assert (await api.get(f"/api/batch-reports/{batch_id}")).json()["total_files"] == 1


async def test_confidence_and_notes_stand_in_lists_of_reports_and_files(api: Api) -> None:
    batch, (file,) = await report_on(api, [("people.csv", PEOPLE)], name="sure")
    assert (file["confidence"], file["notes"]) == ("high", [])
    assert batch["summary_data"]["confidence"] == {"high": 1, "check": 0, "low": 0}
    for query, expected in (("confidence=high,low", 1), ("confidence=check", 0), ("note=NEVER_SEEN", 0), ("", 1)):
        found = (await api.get(f"/api/reports?batch_id={batch['id']}&{query}")).json()["reports"]
        assert len(found) == expected
    report = (await api.get(f"/api/reports/{file['report_id']}")).json()
    assert (report["confidence"], report["notes"], report["batch_name"]) == ("high", [], "sure")
    reply = await api.get("/api/reports?confidence=sure")
    assert (reply.status_code, reply.json()["code"]) == (400, "invalid_filter")
    assert "There is no confidence 'sure'" in reply.json()["detail"]


async def test_a_report_is_kept_longer(api: Api) -> None:
    (file,) = (await report_on(api, [("people.csv", PEOPLE)], keep_reports_days="1"))[1]
    path = f"/api/reports/{file['report_id']}"
    before = (await api.get(path)).json()["expires_at"]
    after = (await api.patch(path, json={"keep_days": 90})).json()["expires_at"]
    assert after > before
    assert (await api.get(path)).json()["expires_at"] == after
    for body in ({"keep_days": 0}, {"keep_days": 3651}, {}, {"keep_days": 5, "other": 1}):
        assert (await api.patch(path, json=body)).status_code == 422
