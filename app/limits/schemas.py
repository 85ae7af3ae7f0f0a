"""Request and reply bodies of limits."""

from __future__ import annotations

from typing import Annotated, Final, Literal
from uuid import UUID

from pydantic import Field

from app.kit.schemas import Input, Output

MOST: Final = 2**53 - 1
"""What every JSON reader takes for the same number."""
Limit = Annotated[int, Field(ge=0, le=MOST)] | Literal["default"] | None


class QuotaRead(Output):
    name: Literal["stored_bytes", "batches_per_day", "jobs_in_flight", "open_streams", "webhooks", "keys", "users"]
    used: int | None = Field(description="Null: not counted, because there is no limit.")
    limit: int | None = Field(description="Null: no limit.")
    state: Literal["ok", "near", "reached"] = Field(description="`near` from 80 % of the limit on.")


class UsageRead(Output):
    quotas: list[QuotaRead]
    warnings: list[str] = Field(description="A sentence for each quota that is near its limit or has reached it.")


class LimitsRead(UsageRead):
    organisation_id: UUID
    organisation: str
    weight: float = Field(description="Its part where organisations take turns, beside those of the others.")
    own: dict[str, int | None] = Field(description="Limits set for this organisation; others are the installation's.")


class LimitsUpdate(Input):
    """Limits of an organisation; those that are not sent stay. Null: no limit. `default`: the installation's."""

    stored_bytes: Limit = None
    batches_per_day: Limit = None
    jobs_in_flight: Limit = None
    open_streams: Limit = None
    webhooks: Limit = None
    keys: Limit = None
    users: Limit = None
    weight: Annotated[float, Field(ge=0.01, le=100)] = 1.0
