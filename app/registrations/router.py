"""Restaurants: listing, adding, changing, importing, and their menu files."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Annotated, Any, cast, get_args
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from app.auth.dependencies import ManagerDep, ReaderDep, opens_pipeline
from app.files import service as file_service
from app.files.dependencies import StorageDep, UploadLimitsDep
from app.files.names import display_name
from app.idempotency.dependencies import OnceDep
from app.kit.declarations import RouteTag, raises, sends
from app.kit.dependencies import DatabaseDep, SessionDep, page_of
from app.kit.errors import FilterNotReadable
from app.kit.filters import check_sort, read_word
from app.kit.pages import PageRequest
from app.kit.words import quantity
from app.registrations import repository, service
from app.registrations.errors import FileNotReadable, ImportNotClean, MenuNotClean
from app.registrations.findings import Findings
from app.registrations.form import OneFile, receive_file
from app.registrations.imports import read_restaurants
from app.registrations.menus import read_menu_file
from app.registrations.models import PIPELINE_KEY
from app.registrations.schemas import (
    STATUS_ALIASES,
    ImportReport,
    MenuKept,
    RestaurantCreate,
    RestaurantFilter,
    RestaurantPage,
    RestaurantRead,
    RestaurantUpdate,
    Status,
    Word,
)

_TAG = RouteTag("restaurants", "Restaurants, their menus, and importing them.")
router = APIRouter(prefix="/api/restaurants", tags=[_TAG], dependencies=[Depends(opens_pipeline(PIPELINE_KEY))])
DryRun = Annotated[bool, Query(description="Check and report, and keep nothing.")]
KeepGoodRows = Annotated[bool, Query(description="Keep the good rows although others are wrong.")]
_FILE = {
    "text/csv": {"schema": {"type": "string"}},
    "multipart/form-data": {
        "schema": {
            "type": "object",
            "properties": {"file": {"type": "string", "format": "binary"}},
            "required": ["file"],
        }
    },
}
_LIST = {"type": "array", "items": {"type": "object", "additionalProperties": True}}
_ROWS = {
    "application/json": {
        "schema": {"type": "object", "properties": {"restaurants": _LIST}, "required": ["restaurants"]}
    }
}
IMPORT_BODY: dict[str, Any] = {"requestBody": {"required": True, "content": _FILE | _ROWS}}
MENU_BODY: dict[str, Any] = {"requestBody": {"required": True, "content": _FILE}}


@raises(FilterNotReadable)
async def get_filter(
    type: Annotated[Word | None, Query()] = None,
    stage: Annotated[Word | None, Query()] = None,
    city: Annotated[Word | None, Query()] = None,
    icp: Annotated[int | None, Query(ge=0, le=10, description="Exactly this score.")] = None,
    icp_min: Annotated[int | None, Query(ge=0, le=10, description="At least this score.")] = None,
    status: Annotated[str | None, Query(max_length=40, description=f"One of {', '.join(get_args(Status))}.")] = None,
    search: Annotated[Word | None, Query(description="Part of the name or the city.")] = None,
) -> RestaurantFilter:
    word = cast("Status | None", read_word(status, get_args(Status), STATUS_ALIASES))
    return RestaurantFilter(type=type, stage=stage, city=city, icp=icp, icp_min=icp_min, status=word, search=search)


@router.get("")
@raises(FilterNotReadable)
async def list_restaurants(
    session: SessionDep,
    caller: ReaderDep,
    page: Annotated[PageRequest, page_of(100)],
    wanted: Annotated[RestaurantFilter, Depends(get_filter)],
    sort: Annotated[str, Query(max_length=40, description="name, created_at or icp_score; - for descending.")] = "name",
) -> RestaurantPage:
    """The organisation's restaurants, by name."""
    check_sort(sort, repository.SORTS)
    found = await repository.list_restaurants(session, caller.organisation_id, wanted, sort, page)
    return RestaurantPage(restaurants=[standing.read() for standing in found.rows], next_cursor=found.next_cursor)


@router.post("", status_code=201)
@sends("Location")
async def create_restaurant(
    body: RestaurantCreate, session: SessionDep, caller: ManagerDep, once: OnceDep
) -> RestaurantRead:
    """Add one restaurant."""

    async def make() -> RestaurantRead:
        return (await service.add_restaurant(session, caller, body)).read()

    return await once.answer(session, body, make, RestaurantRead, location="/api/restaurants/{id}")


@router.post("/import", status_code=201, responses={200: {"model": ImportReport}}, openapi_extra=IMPORT_BODY)
@raises(receive_file, FileNotReadable, ImportNotClean)
async def import_restaurants(
    request: Request,
    response: Response,
    caller: ManagerDep,
    database: DatabaseDep,
    storage: StorageDep,
    limits: UploadLimitsDep,
    once: OnceDep,
    dry_run: DryRun = False,
    keep_good_rows: KeepGoodRows = False,
) -> ImportReport:
    """Add restaurants from a CSV or JSON file. All rows are added, or none; with `keep_good_rows` the good ones.

    A dry run reports what would be added, with 200.
    """
    file = await receive_file(request, storage, limits)
    findings = Findings()
    rows, good = await asyncio.to_thread(read_restaurants, file.data, findings, most=limits.files)

    async def make(session: AsyncSession) -> ImportReport:
        ids = await service.import_restaurants(
            session, caller, good, findings, write=not dry_run, keep_good_rows=keep_good_rows
        )
        refused = bool(findings.error_count) and not keep_good_rows and not dry_run
        report = ImportReport(
            dry_run=dry_run,
            kept="none" if dry_run or refused or not ids else "good_rows" if findings.error_count else "all",
            rows=rows,
            good_rows=rows - len({finding.line for finding in findings.errors}) if refused else len(ids),
            created=0 if dry_run or refused else len(ids),
            restaurant_ids=[] if dry_run else ids,
            errors=findings.errors,
            error_count=findings.error_count,
            repairs=findings.repairs,
            repair_count=findings.repair_count,
        )
        if refused:
            detail = f"{quantity(findings.error_count, 'problem')} in {quantity(rows, 'row')}. Nothing was added."
            raise ImportNotClean(detail, **report.model_dump(mode="json"))
        return report

    async with database.transaction() as session:
        if dry_run:
            response.status_code = 200
            return await make(session)
        return await once.answer(session, [file.sha256, file.name], partial(make, session), ImportReport)


@router.get("/{restaurant_id}")
@raises(service.get_standing)
async def get_restaurant(restaurant_id: UUID, session: SessionDep, caller: ReaderDep) -> RestaurantRead:
    """One restaurant, with where it stands."""
    return (await service.get_standing(session, caller, restaurant_id)).read()


@router.patch("/{restaurant_id}")
@raises(service.update_restaurant)
async def update_restaurant(
    restaurant_id: UUID, body: RestaurantUpdate, session: SessionDep, caller: ManagerDep
) -> RestaurantRead:
    """Change a restaurant. A registration that runs sees it from its next step on."""
    return (await service.update_restaurant(session, caller, restaurant_id, body)).read()


@router.delete("/{restaurant_id}", status_code=204)
@raises(service.delete_restaurant)
async def delete_restaurant(restaurant_id: UUID, session: SessionDep, caller: ManagerDep) -> None:
    """Remove a restaurant and its files; refused while it is being registered."""
    await service.delete_restaurant(session, caller, restaurant_id)


@router.put("/{restaurant_id}/menu", openapi_extra=MENU_BODY)
@raises(service.get_standing, receive_file, FileNotReadable, MenuNotClean)
async def put_menu(
    restaurant_id: UUID,
    request: Request,
    caller: ManagerDep,
    database: DatabaseDep,
    storage: StorageDep,
    limits: UploadLimitsDep,
    filename: Annotated[str, Query(max_length=255)] = "menu.csv",
    dry_run: DryRun = False,
    keep_good_rows: KeepGoodRows = False,
) -> MenuKept:
    """Check a menu file, or one of option sets, and make it the restaurant's; the header says which of them it is.

    What can be put right in one way only is put right and reported. Errors refuse the whole file, unless the good rows
    alone are wanted.
    """
    async with database.transaction() as session:
        await service.get_standing(session, caller, restaurant_id)
    sent: OneFile = await receive_file(request, storage, limits)
    report, clean = await asyncio.to_thread(read_menu_file, sent.data)
    refused = bool(report.error_count) and not dry_run and not (keep_good_rows and report.items)
    name = display_name(sent.name or filename)
    kept = "none" if dry_run or refused else "good_rows" if report.error_count else "all"
    answer = MenuKept(**report.model_dump(), file_id=None, filename=name, dry_run=dry_run, kept=kept)
    if refused:
        detail = f"{quantity(report.error_count, 'problem')} in {quantity(report.rows, 'row')}. The menu was not kept."
        raise MenuNotClean(detail, **answer.model_dump(mode="json"))
    if dry_run:
        return answer
    file = await file_service.store_bytes(storage, name, clean, "text/csv")
    async with database.transaction() as session:
        await service.keep_file(session, caller, restaurant_id, report, file)
    return answer.model_copy(update={"file_id": file.id})
