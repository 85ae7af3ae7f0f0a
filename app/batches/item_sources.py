"""Where a saved batch can take its items from besides files and lists: a workload's own rows, found by a filter.

The composition root hands the sources to whoever needs them, so that rooms beside each other need not know each other.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.batches.submission import NewJob
from app.pipelines.contract import Params


class ItemSource(Protocol):
    """Rows of a workload as items of a batch, such as restaurants that are hot leads in Auckland."""

    @property
    def key(self) -> str: ...

    @property
    def title(self) -> str: ...

    @property
    def filter(self) -> type[Params]:
        """What the rows can be narrowed to; its JSON schema draws the form."""
        ...

    async def list_jobs(
        self, session: AsyncSession, organisation_id: UUID, wanted: Params, limit: int
    ) -> Sequence[NewJob]:
        """The organisation's rows that match, as new jobs, at most `limit`."""
        ...
