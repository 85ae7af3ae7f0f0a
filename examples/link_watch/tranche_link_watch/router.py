"""`GET /api/links`: the caller's links, the one checked last first."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query
from sqlalchemy import or_, select

from app.auth.dependencies import ReaderDep
from app.kit.dependencies import SessionDep
from app.kit.schemas import Output
from tranche_link_watch.models import Link

router = APIRouter(prefix="/api/links", tags=["links"])


class LinkRead(Output):
    url: str
    status: int | None
    checked_at: datetime


class LinkList(Output):
    links: list[LinkRead]


@router.get("")
async def list_links(
    session: SessionDep,
    caller: ReaderDep,
    broken: Annotated[bool, Query(description="Only those that answered with an error, or not at all.")] = False,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> LinkList:
    """How the organisation's links answered when they were last checked."""
    query = select(Link).where(Link.organisation_id == caller.organisation_id)
    if broken:
        query = query.where(or_(Link.status.is_(None), Link.status >= 400))
    rows = (await session.execute(query.order_by(Link.checked_at.desc(), Link.url).limit(limit))).scalars()
    return LinkList(links=[LinkRead.model_validate(row) for row in rows])
