"""What the routes of reports are given."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import Depends
from sqlalchemy import RowMapping

from app.auth.dependencies import CallerDep
from app.kit.declarations import raises
from app.kit.dependencies import SessionDep
from app.kit.errors import existing
from app.reports import repository
from app.reports.errors import BatchReportNotFound


@raises(BatchReportNotFound)
async def get_batch_report_row(batch_report_id: UUID, session: SessionDep, caller: CallerDep) -> RowMapping:
    """The caller's batch report; raises BatchReportNotFound (404)."""
    found = await repository.find_batch_report(session, caller.organisation_id, batch_report_id, caller.pipelines)
    return existing(found, BatchReportNotFound)


BatchReportDep = Annotated[RowMapping, Depends(get_batch_report_row)]
