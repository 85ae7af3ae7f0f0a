"""Sends the mail at the end of a batch, once."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from email.message import EmailMessage
from typing import Any, Final

import aiosmtplib
from pydantic import SecretStr
from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.batches.models import Batch
from app.batches.overviews import read_overviews
from app.batches.responses import ResultCodes
from app.kit.db import Database
from app.notifications import claim_repository
from app.notifications.mail import MailServer, Results, compose, parse_sender
from app.notifications.metrics import MAILS
from app.notifications.models import BatchMail
from app.notifications.sender import ClaimedMessage, next_try
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
STEP_SECONDS, TIMEOUT_SECONDS = 30.0, 90.0
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
    """`server`: a URL as `MailServer.parse` takes it, or None, and every mail is recorded as skipped."""

    slots, model = SLOTS, BatchMail

    def __init__(
        self,
        database: Database,
        registry: Registry,
        codes: ResultCodes,
        *,
        server: SecretStr | None,
        sender: str,
        base_url: str,
    ) -> None:
        self._database, self._registry, self._codes, self._base_url = database, registry, codes, base_url
        self._server = MailServer.parse(server.get_secret_value()) if server else None
        self._sender = parse_sender(sender)

    async def start(self) -> None:
        if self._server is None:
            log.info("TRANCHE_SMTP_URL is not set: no mail is sent when a batch ends")
        elif not self._base_url:
            log.warning("TRANCHE_PUBLIC_URL is not set: mail has no links")

    async def stop(self) -> None:
        """No connection is kept."""

    async def claim(self, session: AsyncSession, room: int) -> Sequence[MailMessage]:
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
            MailMessage(mail.claim_token, batch, pipeline, mail.recipient, mail.attempts)
            for mail, batch, pipeline in await session.execute(query)
            if mail.claim_token
        ]

    async def send(self, message: MailMessage) -> float | None:
        if self._server is None:
            await self._record(message, "skipped", "NOT_CONFIGURED: TRANCHE_SMTP_URL is not set")
            return None
        refusal = await self._deliver(self._server, message)
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

    async def _deliver(self, server: MailServer, message: MailMessage) -> Refusal | None:
        batch, pipeline = message.batch, message.pipeline
        results = Results(
            await read_overviews(self._database, self._registry, batch, pipeline), await self._page(batch)
        )
        try:
            email = compose(batch, pipeline, message.recipient, self._sender, self._base_url, results)
        except ValueError:
            return Refusal("ADDRESS_NOT_VALID: no mail can be sent to this address", final=True)
        try:
            async with asyncio.timeout(TIMEOUT_SECONDS):
                await self._send_email(server, email, message.recipient)
        except aiosmtplib.SMTPRecipientsRefused as error:
            return _refusal(error.recipients[0].code)
        except (aiosmtplib.SMTPAuthenticationError, aiosmtplib.SMTPConnectResponseError, aiosmtplib.SMTPHeloError):
            return Refusal("SERVER_REFUSED: the mail server does not let us in", final=False)
        except aiosmtplib.SMTPResponseException as error:
            return _refusal(error.code)
        except aiosmtplib.SMTPNotSupported:
            return Refusal("NOT_SUPPORTED: the mail server cannot do what this mail needs", final=False)
        except (aiosmtplib.SMTPException, TimeoutError, OSError) as error:
            return Refusal(f"NETWORK_ERROR: the mail server was not reached ({type(error).__name__})", final=False)
        return None

    async def _page(self, batch: Batch) -> str | None:
        """Where anybody can see the batch's results, if whoever submitted it wants codes for them."""
        if not (batch.result_codes and self._base_url):
            return None
        async with self._database.transaction() as session:
            return await self._codes.share_batch(session, batch)

    async def _send_email(self, server: MailServer, email: EmailMessage, recipient: str) -> None:
        await aiosmtplib.send(
            email,
            sender=self._sender.addr_spec,
            recipients=[recipient],
            hostname=server.host,
            port=server.port,
            username=server.username,
            password=server.password,
            use_tls=server.use_tls,
            start_tls=server.start_tls,
            timeout=STEP_SECONDS,
        )

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
