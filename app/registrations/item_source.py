"""Restaurants as items of saved batches: "all hot leads in Auckland"."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.batches.submission import NewJob
from app.kit.pages import PageRequest
from app.pipelines.contract import Params
from app.registrations import repository
from app.registrations.models import Restaurant
from app.registrations.schemas import RestaurantFilter


def job_of(
    restaurant: Restaurant, pipeline_by_type: Mapping[str, str] | None = None, otherwise: str | None = None
) -> NewJob:
    """A registration of the restaurant, by the pipeline of its type if it has one of its own, `otherwise` by that."""
    record: dict[str, Any] = {
        "restaurant_id": str(restaurant.id),
        **{name: getattr(restaurant, name) for name in ("name", "type", "stage", "icp_score", "city")},
    }
    pipeline = (pipeline_by_type or {}).get((restaurant.type or "").casefold(), otherwise)
    return NewJob("record", restaurant.name, record=record, pipeline=pipeline)


class RestaurantSource:
    """The organisation's restaurants, narrowed as in their list."""

    key = "restaurants"
    title = "Restaurants"
    filter: type[Params] = RestaurantFilter

    async def list_jobs(
        self, session: AsyncSession, organisation_id: UUID, wanted: Params, limit: int
    ) -> Sequence[NewJob]:
        if not isinstance(wanted, RestaurantFilter):
            wanted = RestaurantFilter.model_validate(wanted.model_dump())
        found = await repository.list_restaurants(session, organisation_id, wanted, "name", PageRequest(limit))
        return [job_of(standing.restaurant) for standing in found.rows]
