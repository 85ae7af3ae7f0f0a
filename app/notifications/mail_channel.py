"""Sends the mail at the end of a batch, once."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

import aiosmtplib
from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.batches.models import Batch
from app.batches.overviews import read_overviews
from app.batches.responses import ResultCodes
from app.connections.outbound import OutboundClients
from app.connections.service import Connections, Found
from app.kit.db import Database
from app.kit.outage import Outage
from app.kit.outbound.addresses import UrlNotAllowed
from app.kit.secrets.sealing import CannotUnseal
from app.notifications import claim_repository, smtp
from app.notifications.accounts import SmtpAccount
from app.notifications.mail import MailServer, Results, compose, parse_sender
from app.notifications.metrics import MAILS
from app.notifications.models import BatchMail
from app.notifications.sender import ClaimedMessage, next_try
from app.notifications.settings import MailSettings
from app.pipelines.models import PipelineRow
from app.pipelines.registry import Registry

log = logging.getLogger("tranche.mail")
DELAYS: Final = (
    timedelta(minutes=1),
    timedelta(minutes=5),
    timedelta(minutes=30),
    *(timedelta(hours=hours) for hours in (2, 6, 12, 24)),
)
"""Two days in all: as long as a mail server that is being mended may need."""
SLOTS: Final = 4
TIMEOUT_SECONDS = 90.0
LEASE: Final = timedelta(minutes=3)


@dataclass(frozen=True, slots=True)
class MailMessage(ClaimedMessage):
    """One mail to be sent."""

    batch: Batch
    pipeline: PipelineRow
    recipient: str
    attempts: int


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a mail did not go. `final`: another try would meet the same."""

    error: str
    final: bool


class MailChannel:
    """Mail goes through the server of the batch's organisation; without one it is recorded as skipped."""

    slots, model = SLOTS, BatchMail

    def __init__(
        self,
        database: Database,
        registry: Registry,
        codes: ResultCodes,
        connections: Connections,
        clients: OutboundClients,
        settings: MailSettings,
        *,
        base_url: str,
    ) -> None:
        self._database, self._registry, self._codes, self._base_url = database, registry, codes, base_url
        self._connections, self._clients = connections, clients
        self._is_set_up = settings.smtp_url is not None
        if settings.smtp_url:
            MailServer.parse(settings.smtp_url.get_secret_value())  # what is wrong with it is said at the start
        parse_sender(settings.mail_from)

    async def start(self) -> None:
        if not self._is_set_up:
            log.info("TRANCHE_SMTP_URL is not set: only organisations with a mail server of their own send mail")
        elif not self._base_url:
            log.warning("TRANCHE_PUBLIC_URL is not set: mail has no links")

    async def stop(self) -> None:
        """No connection is kept."""

    async def find_due(self, session: AsyncSession) -> Sequence[UUID]:
        return await claim_repository.list_owed_mails(session)

    async def claim(self, session: AsyncSession, room: Mapping[UUID, int]) -> Sequence[MailMessage]:
        claimed = await claim_repository.claim_mails(session, room=room, lease=LEASE)
        if not claimed:
            return []
        query = (
            select(BatchMail, Batch, PipelineRow)
            .join(Batch, Batch.id == BatchMail.batch_id)
            .join(PipelineRow, PipelineRow.id == Batch.pipeline_id)
            .where(BatchMail.batch_id.in_(claimed))
        )
        return [
            MailMessage(mail.claim_token, mail.organisation_id, batch, pipeline, mail.recipient, mail.attempts)
            for mail, batch, pipeline in await session.execute(query)
            if mail.claim_token
        ]

    async def send(self, message: MailMessage) -> float | None:
        try:
            found = await self._connections.find(message.batch.organisation_id, SmtpAccount)
        except CannotUnseal as error:
            refusal: Refusal | None = Refusal(f"SECRET_NOT_READABLE: {error.detail}", final=False)
        else:
            if found is None:
                await self._record(message, "skipped", "NOT_CONFIGURED: the organisation has no mail server")
                return None
            try:
                refusal = await self._deliver(found, message)
            except Outage:
                raise
            except Exception:  # counts as a try, or it would be made again without end
                log.exception("the mail of batch %s could not be made", message.batch.id)
                refusal = Refusal("UNEXPECTED_ERROR: the mail could not be made; it has been logged", final=False)
        if refusal is None:
            await self._record(message, "sent", None)
            return None
        delay = next_try(message.attempts + 1, DELAYS)
        if refusal.final or delay is None:
            log.warning("the mail of batch %s failed: %s", message.batch.id, refusal.error)
            await self._record(message, "failed", refusal.error)
            return None
        await self._record(message, "pending", refusal.error, delay)
        return delay.total_seconds()

    async def _deliver(self, found: Found[SmtpAccount], message: MailMessage) -> Refusal | None:
        batch, pipeline = message.batch, message.pipeline
        results = Results(
            await read_overviews(self._database, self._registry, batch, pipeline), await self._page(batch)
        )
        server = MailServer.parse(found.account.url.get_secret_value())
        sender = parse_sender(found.account.mail_from)
        allow = await self._clients.allowed(batch.organisation_id) if found.own else None
        try:
            email = compose(batch, pipeline, message.recipient, sender, self._base_url, results)
        except ValueError:
            return Refusal("ADDRESS_NOT_VALID: no mail can be sent to this address", final=True)
        try:
            async with asyncio.timeout(TIMEOUT_SECONDS):
                await smtp.send(server, email, sender=sender.addr_spec, recipient=message.recipient, allow=allow)
        except aiosmtplib.SMTPRecipientsRefused as error:
            return _refusal(error.recipients[0].code)
        except (aiosmtplib.SMTPAuthenticationError, aiosmtplib.SMTPConnectResponseError, aiosmtplib.SMTPHeloError):
            return Refusal("SERVER_REFUSED: the mail server does not let us in", final=False)
        except aiosmtplib.SMTPResponseException as error:
            return _refusal(error.code)
        except aiosmtplib.SMTPNotSupported:
            return Refusal("NOT_SUPPORTED: the mail server cannot do what this mail needs", final=False)
        except UrlNotAllowed:
            return Refusal("ADDRESS_NOT_ALLOWED: the mail server may not be reached", final=True)
        except (aiosmtplib.SMTPException, TimeoutError, OSError) as error:
            return Refusal(f"NETWORK_ERROR: the mail server was not reached ({type(error).__name__})", final=False)
        return None

    async def _page(self, batch: Batch) -> str | None:
        """Where anybody can see the batch's results, if whoever submitted it wants codes for them."""
        if not (batch.result_codes and self._base_url):
            return None
        async with self._database.transaction() as session:
            return await self._codes.share_batch(session, batch)

    async def _record(
        self, message: MailMessage, status: str, error: str | None, delay: timedelta | None = None
    ) -> None:
        """Write the outcome; with `sent` the batch is marked in the same transaction, its row locked first."""
        mine = (BatchMail.batch_id == message.batch.id, BatchMail.claim_token == message.token)
        changes: dict[str, Any] = {"status": status, "error": error, "claim_token": None}
        changes["attempts"] = message.attempts + (status != "skipped")
        changes["completed_at"] = None if delay else func.clock_timestamp()
        if delay:
            changes["next_attempt_at"] = func.clock_timestamp() + delay
        async with self._database.transaction() as session:
            if status == "sent":
                claimed = select(BatchMail.batch_id).where(*mine).exists()
                marked = update(Batch).where(Batch.id == message.batch.id, claimed)
                await session.execute(marked.values(notification_sent_at=func.clock_timestamp()))
            await session.execute(update(BatchMail).where(*mine).values(changes))
        MAILS.labels(status if status != "pending" else "retried").inc()

    async def prune(self, session: AsyncSession) -> None:
        """A mail's row goes with its batch."""


def _refusal(code: int) -> Refusal:
    """SMTP's own division: 4yz may pass, 5yz will not (RFC 5321, 4.2.1)."""
    return Refusal(f"SMTP_{code}: the mail server answered with {code}", final=code >= 500)
