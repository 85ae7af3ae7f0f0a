"""Result codes for owners: make one, list them, close one."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Body

from app.auth.dependencies import ManagerDep, ReaderDep
from app.auth.ownership import check_owner
from app.batches.dependencies import BatchDep, JobDep
from app.batches.service import get_batch
from app.idempotency.dependencies import OnceDep
from app.kit.declarations import RouteTag, raises, sends
from app.kit.dependencies import PageDep
from app.results import service
from app.results.dependencies import CodesDep
from app.results.schemas import ResultCodeCreate, ResultCodePage, ResultCodeRead

_TAG = RouteTag("results", "Codes that open a result without a key, and what they open.")
router = APIRouter(prefix="/api", tags=[_TAG])
Wanted = Annotated[ResultCodeCreate | None, Body()]


@router.post("/jobs/{job_id}/result-codes", status_code=201)
@raises(service.get_link, check_owner)
@sends("Location")
async def create_job_result_code(
    caller: ManagerDep, row: JobDep, codes: CodesDep, once: OnceDep, wanted: Wanted = None
) -> ResultCodeRead:
    """A code that opens this job's result without a key."""
    batch = await get_batch(codes.session, caller, row.job.batch_id)
    await check_owner(codes.session, caller, batch.batch.created_by)
    return await codes.add(row.job.batch_id, row.job.id, wanted, once)


@router.get("/jobs/{job_id}/result-codes")
async def list_job_result_codes(caller: ReaderDep, row: JobDep, codes: CodesDep, page: PageDep) -> ResultCodePage:
    """The codes of one job that were not revoked, newest first."""
    return await codes.list_page(row.job.batch_id, row.job.id, page)


@router.post("/batches/{batch_id}/result-codes", status_code=201)
@raises(service.get_link, check_owner)
@sends("Location")
async def create_batch_result_code(
    caller: ManagerDep, row: BatchDep, codes: CodesDep, once: OnceDep, wanted: Wanted = None
) -> ResultCodeRead:
    """A code that opens the results of the whole batch without a key, also while it still runs."""
    await check_owner(codes.session, caller, row.batch.created_by)
    return await codes.add(row.batch.id, None, wanted, once)


@router.get("/batches/{batch_id}/result-codes")
async def list_batch_result_codes(caller: ReaderDep, row: BatchDep, codes: CodesDep, page: PageDep) -> ResultCodePage:
    """The codes of the batch as a whole that were not revoked, newest first. Those of its jobs are with the jobs."""
    return await codes.list_page(row.batch.id, None, page)


@router.get("/result-codes/{result_code_id}")
@raises(service.get_link)
async def get_result_code(caller: ReaderDep, result_code_id: UUID, codes: CodesDep) -> ResultCodeRead:
    """One code."""
    return codes.read(await service.get_link(codes.session, codes.caller, result_code_id))


@router.delete("/result-codes/{result_code_id}", status_code=204)
@raises(service.revoke_link)
async def revoke_result_code(caller: ManagerDep, result_code_id: UUID, codes: CodesDep) -> None:
    """Close what the code opened, at once and for good."""
    await service.revoke_link(codes.session, codes.caller, result_code_id)
