"""Tables that the tests make, and how they have them reported on."""

from __future__ import annotations

import io
import zipfile
from typing import Any

import xlsxwriter

from tests.batch_helpers import follow
from tests.conftest import Api

Files = list[tuple[str, bytes]]
PEOPLE = b"id,name,age\n1,Ada,36\n2,Grace,45\n3,Ada,\n"


async def report_on(api: Api, files: Files, **fields: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Submit tables and wait for the end: the batch report and its files."""
    parts = [("files", (name, content)) for name, content in files]
    reply = await api.post("/api/batch-reports", data=fields, files=parts)
    assert reply.status_code == 201, reply.text
    batch_id = reply.json()["batch_id"]
    assert reply.headers["Location"].endswith(f"/api/batch-reports/{batch_id}")
    await follow(api, batch_id)
    batch = (await api.get(f"/api/batch-reports/{batch_id}")).json()
    return batch, (await api.get(f"/api/batch-reports/{batch_id}/files")).json()["files"]


async def profile_of(api: Api, name: str, content: bytes, **fields: str) -> dict[str, Any]:
    """The report on one good file."""
    _, (file,) = await report_on(api, [(name, content)], **fields)
    assert file["processing_status"] == "success", file
    return dict((await api.get(f"/api/reports/{file['report_id']}")).json()["data"])


def workbook(sheets: dict[str, list[list[Any]]]) -> bytes:
    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(buffer, {"in_memory": True})
    for name, rows in sheets.items():
        sheet = book.add_worksheet(name)
        for number, row in enumerate(rows):
            sheet.write_row(number, 0, row)
    book.close()
    return buffer.getvalue()


def sparse() -> bytes:
    """A workbook of 5 kB whose two cells span 17 billion."""
    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(buffer, {"in_memory": True})
    sheet = book.add_worksheet()
    sheet.write(0, 0, "first")
    sheet.write(1_048_575, 16_383, "last")
    book.close()
    return buffer.getvalue()


def bomb() -> bytes:
    """A workbook of 400 kB whose sheet unpacks to 190 MB."""
    buffer, real = io.BytesIO(), zipfile.ZipFile(io.BytesIO(workbook({"s": [["a"]]})))
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for entry in real.infolist():
            if not entry.filename.endswith("sheet1.xml"):
                archive.writestr(entry, real.read(entry))
        with archive.open("xl/worksheets/sheet1.xml", "w") as sheet:
            row = b"<row>" + b"<c><v>1</v></c>" * 1000 + b"</row>"
            sheet.write(b"<worksheet><sheetData>")
            for _ in range(12_500):
                sheet.write(row)
            sheet.write(b"</sheetData></worksheet>")
    return buffer.getvalue()


async def report_ids(api: Api) -> dict[str, str]:
    """A batch report, the job of its file and the report, by the names that the API's paths have for them."""
    await report_on(api, [("people.csv", PEOPLE)])  # an earlier one, to be compared with
    batch, (file,) = await report_on(api, [("people.csv", PEOPLE)])
    return {"batch_report_id": batch["id"], "report_id": file["report_id"], "report_job_id": file["id"]}
