"""What a submission says of other systems, and what replies show of it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final
from uuid import UUID

from pydantic import Field
from sqlalchemy import ARRAY, Uuid, any_, bindparam, insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.assets.models import KEY, HandOver
from app.kit.quick_reads import QuickRead
from app.kit.schemas import Input, Output


class HandOverOptions(Input):
    """Options of a submission."""

    auto_upload_enabled: bool = Field(False, description="Put the results into Dropbox when the batch has ended.")
    monday_sync_enabled: bool = Field(False, description="Add the batch to a board of monday.com when it has ended.")


class HandOverMembers(Output):
    """Members of a batch in replies."""

    auto_upload_enabled: bool = False
    monday_sync_enabled: bool = False
    dropbox_directory_id: str | None = None
    monday_item_id: str | None = None


_NAMES: Final = ("batch_id", *HandOverMembers.model_fields)
_MEMBERS: Final = QuickRead(
    select(*(getattr(HandOver, name) for name in _NAMES)).where(
        HandOver.batch_id == any_(bindparam("batch_ids", type_=ARRAY(Uuid)))
    )
)


class HandOverExtension:
    """Adds them to batches."""

    options, members = HandOverOptions, HandOverMembers
    starts = MappingProxyType(dict.fromkeys(HandOverOptions.model_fields, KEY))

    def services(self, options: HandOverOptions) -> Collection[str]:
        wanted = {"dropbox": options.auto_upload_enabled, "monday": options.monday_sync_enabled}
        return [key for key, is_wanted in wanted.items() if is_wanted]

    async def find_options(self, session: AsyncSession, batch_id: UUID) -> HandOverOptions | None:
        known = await session.get(HandOver, batch_id)
        return HandOverOptions.model_validate(known, from_attributes=True) if known else None

    async def save(self, session: AsyncSession, batch_id: UUID, options: HandOverOptions) -> None:
        if options.auto_upload_enabled or options.monday_sync_enabled:
            await session.execute(insert(HandOver).values(batch_id=batch_id, **options.model_dump()))

    async def copy(self, session: AsyncSession, batch_id: UUID, new_batch_id: UUID) -> None:
        if known := await self.find_options(session, batch_id):
            await self.save(session, new_batch_id, known)

    async def read(self, session: AsyncSession, batch_ids: Sequence[UUID]) -> Mapping[UUID, Mapping[str, Any]]:
        rows = await _MEMBERS.rows(session, batch_ids=list(batch_ids))
        return {row[0]: dict(zip(_NAMES, row, strict=True)) for row in rows}
