"""How owners make, read and list the codes of their results."""

from __future__ import annotations

from uuid import UUID

from fastapi import Response
from sqlalchemy.ext.asyncio import AsyncSession

from app.audit.actions import Action
from app.audit.record import record
from app.auth.caller import Caller
from app.idempotency.once import Once
from app.kit.pages import PageRequest
from app.results import repository, service
from app.results.addresses import Addresses
from app.results.models import ResultLink
from app.results.schemas import ResultCodeCreate, ResultCodeLinks, ResultCodePage, ResultCodeRead
from app.results.service import ResultCodes, target_of


class OwnerCodes:
    """The codes of a caller's batches and jobs, as the routes answer them."""

    def __init__(
        self,
        response: Response,
        session: AsyncSession,
        caller: Caller,
        codes: ResultCodes,
        base_url: str,
    ) -> None:
        self._response, self.session, self.caller = response, session, caller
        self._codes, self._base_url = codes, base_url

    def read(self, link: ResultLink) -> ResultCodeRead:
        code = self._codes.code_of(link.id, link.code_hash)
        found = Addresses(code or "", self._base_url).links()
        links = ResultCodeLinks(page=found["page"], json_=found["json"], csv=found["csv"]) if code else None
        return ResultCodeRead.of(link, code=code, links=links)

    async def add(
        self, batch_id: UUID, job_id: UUID | None, wanted: ResultCodeCreate | None, once: Once
    ) -> ResultCodeRead:
        wanted = wanted or ResultCodeCreate()

        async def make() -> dict[str, UUID]:
            link = await self._codes.add_link(self.session, self.caller, batch_id, job_id, wanted.expires_in)
            await record(self.session, self.caller, Action.RESULT_CODE_CREATED, target=target_of(link))
            return {"id": link.id}  # not the answer: its code is stored nowhere

        kept = await once.run(self.session, wanted, make, location="/api/result-codes/{id}")
        self._response.headers["Cache-Control"] = "no-store"
        return self.read(await service.get_link(self.session, self.caller, UUID(kept["id"])))

    async def list_page(self, batch_id: UUID, job_id: UUID | None, page: PageRequest) -> ResultCodePage:
        found = await repository.list_links(self.session, batch_id, job_id, page)
        return ResultCodePage(result_codes=[self.read(link) for link in found.rows], next_cursor=found.next_cursor)
