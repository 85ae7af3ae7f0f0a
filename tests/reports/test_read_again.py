"""One file of a batch is read again, as a person decided."""

from __future__ import annotations

from uuid import uuid4

import pytest
from sqlalchemy import text

from tests.auth.people import caller, key_of
from tests.batch_helpers import follow
from tests.conftest import Api
from tests.reports.tables import report_on

YEARS = b"2019,2020,2021\n1,2,3\n4,5,6\n"


async def test_a_choice_is_over_the_params_of_the_batch_and_the_report_before_stays(api: Api) -> None:
    batch, (file,) = await report_on(api, [("years.csv", YEARS)], header="yes", keep_reports_days="7")
    path = f"/api/batch-reports/{batch['id']}/files/{file['id']}/read-again"
    reply = await api.post(path, json={"params": {"header": "no"}})
    assert reply.status_code == 201, reply.text
    again_id = reply.json()["batch_id"]
    assert reply.headers["Location"] == f"/api/batches/{again_id}"
    await follow(api, again_id)
    (again,) = (await api.get(f"/api/batch-reports/{again_id}/files")).json()["files"]
    reports = [(await api.get(f"/api/reports/{one['report_id']}")).json() for one in (file, again)]
    assert [(report["row_count"], report["file_name"]) for report in reports] == [(2, "years.csv"), (3, "years.csv")]
    made = (await api.get(f"/api/batches/{again_id}")).json()["batch"]
    assert (made["settings"]["header"], made["settings"]["keep_reports_days"]) == ("no", 7)
    assert made["name"] == "years.csv, read again"
    before = {"batch_id": batch["id"], "job_id": file["id"], "report_id": file["report_id"]}
    assert made["metadata"] == {"read_again": before}


async def test_a_file_that_failed_is_read_again_and_so_is_one_of_several_pipelines(api: Api) -> None:
    data = {"pipelines": ["originals", "data-report"]}
    created = await api.post("/api/jobs/batch", data=data, files=[("files", ("a.csv", b""))])
    batch_id = created.json()["batch_id"]
    await follow(api, batch_id)
    (file,) = (await api.get(f"/api/batch-reports/{batch_id}/files")).json()["files"]
    path = f"/api/batch-reports/{batch_id}/files/{file['id']}/read-again"
    again = (await api.post(path, json={})).json()
    assert again["jobs_count"] == 1
    await follow(api, again["batch_id"])
    metadata = (await api.get(f"/api/batches/{again['batch_id']}")).json()["batch"]["metadata"]
    assert metadata == {"read_again": {"batch_id": batch_id, "job_id": file["id"]}}


@pytest.mark.parametrize(
    ("params", "where"),
    [({"header": "maybe"}, "header"), ({"no_such": 1}, "no_such"), ({"keep_reports_days": 0}, "days")],
)
async def test_what_is_no_parameter_is_refused(api: Api, params: dict[str, object], where: str) -> None:
    batch, (file,) = await report_on(api, [("years.csv", YEARS)])
    path = f"/api/batch-reports/{batch['id']}/files/{file['id']}/read-again"
    reply = await api.post(path, json={"params": params})
    assert (reply.status_code, reply.json()["code"]) == (422, "invalid_params")
    assert where in reply.json()["detail"]


async def test_only_files_of_the_batch_and_of_the_organisation(api: Api) -> None:
    batch, (file,) = await report_on(api, [("years.csv", YEARS)])
    base = f"/api/batch-reports/{batch['id']}/files"
    reply = await api.post(f"{base}/{uuid4()}/read-again", json={})
    assert (reply.status_code, reply.json()["code"]) == (404, "batch_report_file_not_found")
    async with caller(api, await key_of(api, "Second")) as second:
        reply = await second.post(f"{base}/{file['id']}/read-again", json={})
        assert (reply.status_code, reply.json()["code"]) == (404, "batch_report_not_found")


async def test_a_file_that_is_not_here_cannot_be_read_again(api: Api) -> None:
    batch, (file,) = await report_on(api, [("years.csv", YEARS)])
    async with api.installation.database.transaction() as session:
        await session.execute(text("update jobs set file_id = null where id = :id"), {"id": file["id"]})
    reply = await api.post(f"/api/batch-reports/{batch['id']}/files/{file['id']}/read-again", json={})
    assert (reply.status_code, reply.json()["code"]) == (409, "nothing_to_run_again")
