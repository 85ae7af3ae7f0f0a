"""Making links and their codes, for owners and at the success of a job; finding out what a code opens."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from hmac import compare_digest
from typing import Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.audit.actions import Action
from app.audit.record import Target, record
from app.auth.caller import Caller
from app.auth.ownership import check_owner
from app.batches.models import Batch
from app.batches.service import database_now, get_batch
from app.kit.db import Database
from app.kit.declarations import raises
from app.kit.errors import existing
from app.kit.ids import new_id
from app.kit.secrets.signing import SigningKey
from app.pipelines.contract import StepContext
from app.results import repository
from app.results.addresses import Addresses
from app.results.codes import code_hash, make_code, read_code
from app.results.errors import ResultLinkNotFound
from app.results.models import ResultLink
from app.results.repository import Shared

WHERE: Final = "/api/results"


class ResultCodes:
    """Gives links their codes."""

    def __init__(self, key: SigningKey) -> None:
        self._key = key

    def code_of(self, link_id: UUID, known_hash: bytes) -> str | None:
        """The code of a link; None when it was made with a secret that no longer counts: it still opens its result."""
        codes = (make_code(secret, link_id) for secret in self._key.valid())
        return next((code for code in codes if compare_digest(code_hash(code), known_hash)), None)

    async def find_codes(self, session: AsyncSession, job_ids: Sequence[UUID]) -> Mapping[UUID, str]:
        """The code that opens each job now: the first one of those that live."""
        found: dict[UUID, str] = {}
        if job_ids:
            for job_id, link_id, known_hash in await repository.list_live_links(session, job_ids):
                code = self.code_of(link_id, known_hash)
                if code:
                    found.setdefault(job_id, code)
        return found

    async def share(self, session: AsyncSession, ctx: StepContext) -> None:
        """A link to a job that completes just now: the hook that the runner calls in that transaction."""
        await self._add(session, ctx.batch.organisation_id, ctx.batch.id, ctx.job.id)

    async def share_batch(self, session: AsyncSession, batch: Batch) -> str:
        """The path of a page that shows the whole batch as long as it is kept; one is made if there is none yet."""
        for link in await repository.list_lasting_links(session, batch.id):
            if code := self.code_of(link.id, link.code_hash):
                return Addresses(code).links()["page"]
        link = await self._add(session, batch.organisation_id, batch.id, None)
        await repository.touch_batch(session, batch.id)
        return Addresses(make_code(self._key.current, link.id)).links()["page"]

    async def add_link(
        self, session: AsyncSession, caller: Caller, batch_id: UUID, job_id: UUID | None, expires_in: int | None
    ) -> ResultLink:
        """A link to a batch or one of its jobs, for `expires_in` seconds or as long as the batch is kept."""
        life = timedelta(seconds=expires_in) if expires_in else None
        until = await database_now(session) + life if life else None
        link = await self._add(session, caller.organisation_id, batch_id, job_id, caller.user_id, until)
        await repository.touch_batch(session, batch_id)
        return link

    async def _add(
        self,
        session: AsyncSession,
        organisation_id: UUID,
        batch_id: UUID,
        job_id: UUID | None,
        created_by: UUID | None = None,
        expires_at: datetime | None = None,
    ) -> ResultLink:
        link_id = new_id()
        link = ResultLink(
            id=link_id,
            organisation_id=organisation_id,
            batch_id=batch_id,
            job_id=job_id,
            code_hash=code_hash(make_code(self._key.current, link_id)),
            created_by=created_by,
            expires_at=expires_at,
        )
        await repository.add_link(session, link)
        return link


@raises(ResultLinkNotFound, get_batch)
async def get_link(session: AsyncSession, caller: Caller, link_id: UUID) -> ResultLink:
    """The organisation's link; raises ResultLinkNotFound (404), also when it was revoked."""
    link = existing(await repository.find_link(session, caller.organisation_id, link_id), ResultLinkNotFound)
    if caller.pipelines is not None:
        await get_batch(session, caller, link.batch_id)
    return link


@raises(get_link, check_owner)
async def revoke_link(session: AsyncSession, caller: Caller, link_id: UUID) -> None:
    """Close what a code opened, at once; its maker and the owner of the batch may."""
    link = await get_link(session, caller, link_id)
    if link.created_by != caller.user_id:
        await check_owner(session, caller, (await get_batch(session, caller, link.batch_id)).batch.created_by)
    await repository.revoke_link(session, link)
    await repository.touch_batch(session, link.batch_id)
    await record(session, caller, Action.RESULT_CODE_REVOKED, target=target_of(link))


def target_of(link: ResultLink) -> Target:
    """What the audit log calls a code: its id, and what it opens."""
    return Target("result_code", link.id, f"job {link.job_id}" if link.job_id else f"batch {link.batch_id}")


async def open_code(database: Database, typed: str) -> Shared | None:
    """What a code opens, if anything."""
    async with database.transaction() as session:
        return await repository.find_shared(session, code_hash(read_code(typed)))
