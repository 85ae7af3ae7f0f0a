"""Result codes for owners: make one, list them, close one."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Body, Depends, Request, Response

from app.auth.caller import CallerDep
from app.batches import repository as batch_repository
from app.batches.errors import BatchNotFound, JobNotFound
from app.idempotency.dependencies import OnceDep
from app.idempotency.once import Once
from app.kit.container import container_of
from app.kit.db import SessionDep
from app.kit.pages import Cursor, Limit, decode_cursor, encode_cursor, link_next
from app.results import repository, service
from app.results.content import Addresses
from app.results.models import ResultLink
from app.results.schemas import ResultCodeCreate, ResultCodeLinks, ResultCodePage, ResultCodeRead
from app.settings import Settings

router = APIRouter(prefix="/api", tags=["results"])
Wanted = Annotated[ResultCodeCreate | None, Body()]


class Codes:
    """What the routes need besides their arguments."""

    def __init__(self, request: Request, response: Response, session: SessionDep, caller: CallerDep) -> None:
        self.request, self.response, self.session, self.caller = request, response, session, caller
        self._codes = container_of(request).get(service.ResultCodes)
        self._public_url = container_of(request).get(Settings).base_url

    def read(self, link: ResultLink) -> ResultCodeRead:
        code = self._codes.code_of(link.id, link.code_hash)
        found = {name: f"{self._public_url}{path}" for name, path in Addresses(code or "").links().items()}
        links = ResultCodeLinks(page=found["page"], json_=found["json"], csv=found["csv"]) if code else None
        own = {name: getattr(link, name) for name in ("id", "batch_id", "job_id", "created_at", "expires_at")}
        return ResultCodeRead(**own, code=code, links=links)

    async def add(
        self, batch_id: UUID, job_id: UUID | None, wanted: ResultCodeCreate | None, once: Once
    ) -> ResultCodeRead:
        wanted = wanted or ResultCodeCreate()

        async def make() -> dict[str, UUID]:
            link = await self._codes.add_link(self.session, self.caller, batch_id, job_id, wanted.expires_in)
            return {"id": link.id}  # not the answer: its code is stored nowhere

        kept = await once.run(self.session, wanted, make, location="/api/result-codes/{id}")
        self.response.headers["Cache-Control"] = "no-store"
        return self.read(await service.get_link(self.session, self.caller, UUID(kept["id"])))

    async def page(self, batch_id: UUID, job_id: UUID | None, limit: int, cursor: str | None) -> ResultCodePage:
        before = decode_cursor(cursor, UUID)[0] if cursor else None
        links, last = await repository.list_links(self.session, batch_id, job_id, limit, before)
        following = encode_cursor(last) if last else None
        link_next(self.request, self.response, following)
        return ResultCodePage(result_codes=[self.read(link) for link in links], next_cursor=following)

    async def check_batch(self, batch_id: UUID) -> None:
        if await batch_repository.find_batch(self.session, self.caller.organisation_id, batch_id) is None:
            raise BatchNotFound("There is no such batch.")

    async def batch_of(self, job_id: UUID) -> UUID:
        found = await batch_repository.find_job(self.session, self.caller.organisation_id, job_id)
        if found is None:
            raise JobNotFound("There is no such job.")
        return found[0].batch_id


CodesDep = Annotated[Codes, Depends()]


@router.post("/jobs/{job_id}/result-codes", status_code=201)
async def create_job_result_code(job_id: UUID, codes: CodesDep, once: OnceDep, wanted: Wanted = None) -> ResultCodeRead:
    """A code that opens this job's result without a key."""
    return await codes.add(await codes.batch_of(job_id), job_id, wanted, once)


@router.get("/jobs/{job_id}/result-codes")
async def list_job_result_codes(
    job_id: UUID, codes: CodesDep, limit: Limit = 50, cursor: Cursor = None
) -> ResultCodePage:
    """The codes of one job that were not revoked, newest first."""
    return await codes.page(await codes.batch_of(job_id), job_id, limit, cursor)


@router.post("/batches/{batch_id}/result-codes", status_code=201)
async def create_batch_result_code(
    batch_id: UUID, codes: CodesDep, once: OnceDep, wanted: Wanted = None
) -> ResultCodeRead:
    """A code that opens the results of the whole batch without a key, also while it still runs."""
    await codes.check_batch(batch_id)
    return await codes.add(batch_id, None, wanted, once)


@router.get("/batches/{batch_id}/result-codes")
async def list_batch_result_codes(
    batch_id: UUID, codes: CodesDep, limit: Limit = 50, cursor: Cursor = None
) -> ResultCodePage:
    """The codes of the batch as a whole that were not revoked, newest first. Those of its jobs are with the jobs."""
    await codes.check_batch(batch_id)
    return await codes.page(batch_id, None, limit, cursor)


@router.get("/result-codes/{result_code_id}")
async def get_result_code(result_code_id: UUID, codes: CodesDep) -> ResultCodeRead:
    """One code."""
    return codes.read(await service.get_link(codes.session, codes.caller, result_code_id))


@router.delete("/result-codes/{result_code_id}", status_code=204)
async def revoke_result_code(result_code_id: UUID, codes: CodesDep) -> None:
    """Close what the code opened, at once and for good."""
    await service.revoke_link(codes.session, codes.caller, result_code_id)
