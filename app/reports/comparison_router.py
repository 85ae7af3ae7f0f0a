"""A report beside an earlier one, as JSON and as a page."""

from __future__ import annotations

import asyncio
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import HTMLResponse

from app.auth.dependencies import ReaderDep, opens_pipeline
from app.kit.declarations import raises
from app.kit.dependencies import DatabaseDep
from app.kit.errors import existing
from app.reports import repository, schemas
from app.reports.comparison import compare
from app.reports.errors import EarlierReportNotFound, ReportNotFound
from app.reports.html_page import HEADERS, render_comparison
from app.reports.models import PIPELINE_KEY
from app.reports.representation import HTML, Format, wants_page

router = APIRouter(prefix="/api", tags=["reports"], dependencies=[Depends(opens_pipeline(PIPELINE_KEY))])
With = Annotated[
    UUID | None,
    Query(alias="with", description="The report to compare with. Unset: the newest earlier one of the same columns."),
]


@router.get("/reports/{report_id}/comparison", response_model=schemas.ReportComparison, responses=HTML)
@raises(ReportNotFound, EarlierReportNotFound)
async def compare_reports(
    report_id: UUID,
    request: Request,
    response: Response,
    database: DatabaseDep,
    caller: ReaderDep,
    other: With = None,
    format: Format = None,
) -> schemas.ReportComparison | Response:
    """A report beside an earlier one: how its columns, rows, ranges and gaps have changed.

    Unless `with` names one, it is compared with the newest earlier report whose columns have the same names, or else
    with that of a file of the same name; `found_by` says which.
    """
    async with database.transaction() as session:
        after = existing(await repository.find_report(session, caller, report_id), ReportNotFound)
        earlier = (other, "with") if other else await repository.find_earlier_report(session, caller, after)
        before_id, found_by = existing(earlier, EarlierReportNotFound)
        before = existing(await repository.find_report(session, caller, before_id), ReportNotFound)
    compared = await asyncio.to_thread(compare, before.data, after.data)
    ends = {"before": schemas.ComparedReport.of(before), "after": schemas.ComparedReport.of(after)}
    comparison = schemas.ReportComparison.model_validate({"found_by": found_by, **ends, **compared})
    if wants_page(request, format):
        page = await asyncio.to_thread(render_comparison, comparison.model_dump())
        return HTMLResponse(page, headers={**HEADERS, "Vary": "Accept"})
    response.headers["Vary"] = "Accept"
    return comparison
