"""What is done with restaurants: added, changed, removed, imported, given a menu."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import func, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.audit.actions import Action
from app.audit.record import Target, record
from app.auth.caller import Caller
from app.files import service as file_service
from app.files.service import NewFile
from app.kit.declarations import raises
from app.kit.errors import existing
from app.kit.ids import new_id
from app.registrations import repository
from app.registrations.errors import RestaurantBusy, RestaurantNotFound
from app.registrations.findings import Findings
from app.registrations.menus import FileReport
from app.registrations.models import Restaurant
from app.registrations.repository import Standing
from app.registrations.schemas import RestaurantFields, RestaurantUpdate

COUNTS = ("rows", "columns", "items", "categories", "images", "tagged", "option_sets")


@raises(RestaurantNotFound)
async def get_standing(session: AsyncSession, caller: Caller, restaurant_id: UUID) -> Standing:
    """The caller's restaurant with where it stands; raises RestaurantNotFound (404)."""
    return existing(await repository.find_standing(session, caller.organisation_id, restaurant_id), RestaurantNotFound)


@raises(RestaurantNotFound)
async def get_locked(session: AsyncSession, caller: Caller, restaurant_id: UUID) -> Restaurant:
    """The caller's restaurant, locked; raises RestaurantNotFound (404)."""
    return existing(
        await repository.find_restaurant(session, caller.organisation_id, restaurant_id, lock=True), RestaurantNotFound
    )


async def add_restaurant(session: AsyncSession, caller: Caller, fields: RestaurantFields) -> Standing:
    """Add one restaurant. Two of one name and city may exist: chains have them."""
    restaurant_id = new_id()
    row = {"id": restaurant_id, "organisation_id": caller.organisation_id, **fields.model_dump()}
    await repository.add_restaurants(session, [row])
    return await get_standing(session, caller, restaurant_id)


@raises(get_locked)
async def update_restaurant(
    session: AsyncSession, caller: Caller, restaurant_id: UUID, changes: RestaurantUpdate
) -> Standing:
    """Change what was sent. A registration that runs sees it from its next step on."""
    await get_locked(session, caller, restaurant_id)
    values = changes.model_dump(exclude_unset=True)
    if values:
        values["updated_at"] = func.clock_timestamp()
        await session.execute(update(Restaurant).where(Restaurant.id == restaurant_id).values(values))
    return await get_standing(session, caller, restaurant_id)


@raises(get_locked, RestaurantBusy)
async def delete_restaurant(session: AsyncSession, caller: Caller, restaurant_id: UUID) -> None:
    """Remove a restaurant with its files; raises RestaurantBusy (409) while it is being registered."""
    restaurant = await get_locked(session, caller, restaurant_id)
    if (await get_standing(session, caller, restaurant_id)).status == "registering":
        raise RestaurantBusy("The restaurant is being registered. Cancel its batch first.")
    files = [restaurant.menu_file_id, restaurant.option_sets_file_id]
    await session.delete(restaurant)
    await session.flush()
    for file_id in filter(None, files):
        await repository.delete_file(session, file_id)
    await record(
        session, caller, Action.RESTAURANT_DELETED, target=Target("restaurant", restaurant.id, restaurant.name)
    )


async def import_restaurants(
    session: AsyncSession,
    caller: Caller,
    rows: Sequence[tuple[int, RestaurantFields]],
    findings: Findings,
    *,
    write: bool,
    keep_good_rows: bool,
) -> list[UUID]:
    """Check the rows against what is there and add them all, or with `keep_good_rows` those that are good.

    Returns the ids of what was added; nothing is when there are errors and the good rows are not wanted by themselves.
    """
    await repository.lock_import(session, caller.organisation_id)
    known = await repository.list_known_names(session, caller.organisation_id)
    new = await asyncio.to_thread(_new_rows, caller.organisation_id, rows, known, findings)
    if not write or (findings.error_count and not keep_good_rows):
        return [row["id"] for row in new] if not write else []
    await repository.add_restaurants(session, new)
    return [row["id"] for row in new]


def _new_rows(
    organisation_id: UUID, rows: Sequence[tuple[int, RestaurantFields]], known: set[tuple[str, str]], findings: Findings
) -> list[dict[str, Any]]:
    """Those that are not `known` yet, as they are kept."""
    new: list[dict[str, Any]] = []
    for line, fields in rows:
        key = (fields.name.lower(), (fields.city or "").lower())
        if key in known:
            where = f" in {fields.city}" if fields.city else ""
            message = f"There is a {fields.name}{where} already."
            findings.error("restaurant_exists", message, line=line, column="name", value=fields.name)
            continue
        known.add(key)
        new.append({"id": new_id(), "organisation_id": organisation_id, **fields.model_dump()})
    return new


@raises(get_locked)
async def keep_file(
    session: AsyncSession, caller: Caller, restaurant_id: UUID, report: FileReport, file: NewFile
) -> None:
    """Make a checked file the restaurant's menu or its option sets; the one before it goes."""
    restaurant = await get_locked(session, caller, restaurant_id)
    column = f"{report.kind}_file_id"
    before: UUID | None = getattr(restaurant, column)
    await file_service.keep_files(session, caller.organisation_id, [file])
    counts = {name: getattr(report, name) for name in COUNTS}
    values = {column: file.id, report.kind: counts, "updated_at": func.clock_timestamp()}
    await session.execute(update(Restaurant).where(Restaurant.id == restaurant_id).values(values))
    if before:
        await repository.delete_file(session, before)
