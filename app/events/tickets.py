"""Stream tickets: how a page of another origin opens one batch's stream, since an EventSource can send no header.

A ticket names the batch, the key or session it was made with, and its end, signed with a secret of the installation. It
is good for opening a stream, not for staying: whoever comes back after its end needs a new one.
"""

from __future__ import annotations

import base64
import hmac
import re
import secrets
import struct
from typing import Final
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.auth.caller import Credential, find_credential
from app.events.errors import TicketNotValid
from app.events.models import TicketSecret
from app.kit.declarations import raises

PURPOSE: Final = "stream tickets"
LIFE_SECONDS: Final = 60
SECRET_BYTES: Final = 32
_FORMAT: Final = struct.Struct(">16s16sQ")
_SIGNATURE_BYTES: Final = 32
_LENGTH: Final = (_FORMAT.size + _SIGNATURE_BYTES) * 4 // 3


def seal(secret: bytes, batch_id: UUID, credential_id: UUID, expires_at: int) -> str:
    """A ticket; `expires_at` in seconds since 1970."""
    content = _FORMAT.pack(batch_id.bytes, credential_id.bytes, expires_at)
    return base64.urlsafe_b64encode(content + hmac.digest(secret, content, "sha256")).decode()


def unseal(secret: bytes, ticket: str) -> tuple[UUID, UUID, int] | None:
    """Batch, credential and end of a ticket that we signed."""
    if not re.fullmatch(rf"[A-Za-z0-9_-]{{{_LENGTH}}}", ticket):
        return None
    raw = base64.urlsafe_b64decode(ticket)
    content, signature = raw[: _FORMAT.size], raw[_FORMAT.size :]
    if not hmac.compare_digest(signature, hmac.digest(secret, content, "sha256")):
        return None
    batch, credential, expires_at = _FORMAT.unpack(content)
    return UUID(bytes=batch), UUID(bytes=credential), expires_at


async def ticket_secret(session: AsyncSession) -> bytes:
    """What this installation signs tickets with, made now if there is none."""
    query = select(TicketSecret.secret).where(TicketSecret.purpose == PURPOSE)
    known = (await session.execute(query)).scalar_one_or_none()
    if known is not None:
        return known
    # Two processes may make it at once: the one that comes second waits for the first, and then reads its secret.
    made = insert(TicketSecret).values(purpose=PURPOSE, secret=secrets.token_bytes(SECRET_BYTES))
    await session.execute(made.on_conflict_do_nothing())
    return (await session.execute(query)).scalar_one()


async def _now(session: AsyncSession) -> int:
    """By the database's clock, which all processes share."""
    return int((await session.execute(select(func.extract("epoch", func.clock_timestamp())))).scalar_one())


async def next_end(session: AsyncSession) -> int:
    """When a ticket that is made now ends, in seconds since 1970."""
    return await _now(session) + LIFE_SECONDS


async def issue_ticket(session: AsyncSession, batch_id: UUID, credential_id: UUID, expires_at: int) -> str:
    """A ticket for the batch's stream until its end, see `next_end`. The caller must be known to see the batch."""
    return seal(await ticket_secret(session), batch_id, credential_id, expires_at)


@raises(TicketNotValid)
async def redeem_ticket(session: AsyncSession, ticket: str, batch_id: UUID) -> Credential:
    """The credential that a ticket was made with, which must still be valid (else 401)."""
    opened = unseal(await ticket_secret(session), ticket)
    if opened and opened[0] == batch_id and opened[2] > await _now(session):
        credential = await find_credential(session, opened[1])
        if credential:
            return credential
    detail = f"A ticket opens the stream of one batch within {LIFE_SECONDS} seconds. Ask for a new one."
    raise TicketNotValid(detail, headers={"WWW-Authenticate": "Bearer"})
