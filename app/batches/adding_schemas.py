"""The request that adds jobs to a batch, and the reply to it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from pydantic import Field

from app.batches.schemas import Item
from app.kit.schemas import Input, Output
from app.kit.web.json_bodies import ReadInPieces


class JobsAdd(Input, ReadInPieces):
    """More items for a batch, in one transaction."""

    list_member, most_members = "items", 100_000

    items: list[Item] = Field(default_factory=list, max_length=most_members)
    sealed: bool | None = Field(
        None, description="True: these are the last. False: the batch waits for more. Unset: as it is."
    )

    @classmethod
    def read_member(cls, value: Any) -> Item:
        return Item.model_validate(value).packed()


class JobsAdded(Output):
    """What became of the items of a request."""

    batch_id: UUID
    added: int
    existing: int = Field(description="Items whose `external_id` the batch had already: they are as they were.")
    jobs_count: int = Field(description="Of the whole batch.")
    sealed: bool | None
    status: str
