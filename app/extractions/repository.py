"""Rows of sheets and extractions."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.extractions.models import Extraction, SheetRow
from app.extractions.sheet import EXTRACTOR, VERSION
from app.kit.ids import new_id


async def find_sheet(session: AsyncSession, organisation_id: UUID, sha256: str) -> SheetRow | None:
    """The organisation's reading of this content by this version of the extractor."""
    query = select(SheetRow).where(SheetRow.organisation_id == organisation_id, SheetRow.sha256 == sha256)
    query = query.where(SheetRow.extractor == EXTRACTOR, SheetRow.version == VERSION)
    return (await session.execute(query)).scalar_one_or_none()


async def add_sheet(session: AsyncSession, organisation_id: UUID, sha256: str, data: dict[str, Any]) -> None:
    """Keep a reading; one that is kept already stays."""
    values = {"organisation_id": organisation_id, "sha256": sha256, "extractor": EXTRACTOR, "version": VERSION}
    statement = insert(SheetRow).values(id=new_id(), data=data, **values)
    await session.execute(statement.on_conflict_do_nothing())


async def add_extraction(session: AsyncSession, extraction: Extraction) -> None:
    session.add(extraction)
    await session.flush()


async def find_extraction(session: AsyncSession, organisation_id: UUID, job_id: UUID) -> Extraction | None:
    """What a job of the organisation found."""
    query = select(Extraction).where(Extraction.job_id == job_id, Extraction.organisation_id == organisation_id)
    return (await session.execute(query)).scalar_one_or_none()
