"""Stream tickets: how a page of another origin opens one batch's stream, since an EventSource can send no header.

A ticket names the batch, the key or session it was made with, and its end, signed with the installation's secret, so a
copy of the database makes none. It is good for opening a stream, not for staying: whoever comes back after its end
needs a new one.
"""

from __future__ import annotations

import base64
import hmac
import re
import struct
from typing import Final
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.auth.caller import Credential, find_credential
from app.auth.models import User
from app.events.errors import TicketNotValid
from app.kit.declarations import raises
from app.kit.secrets.signing import InstallationSecret, SigningKey

_PURPOSE: Final = b"stream ticket"
LIFE_SECONDS: Final = 60
_FORMAT: Final = struct.Struct(">16s16sQ")
_SIGNATURE_BYTES: Final = 32
_LENGTH: Final = (_FORMAT.size + _SIGNATURE_BYTES) * 4 // 3


def seal(secret: InstallationSecret, batch_id: UUID, credential_id: UUID, expires_at: int) -> str:
    """A ticket; `expires_at` in seconds since 1970."""
    content = _FORMAT.pack(batch_id.bytes, credential_id.bytes, expires_at)
    return base64.urlsafe_b64encode(content + secret.derive(_PURPOSE, content)).decode()


def unseal(key: SigningKey, ticket: str) -> tuple[UUID, UUID, int] | None:
    """Batch, credential and end of a ticket that we signed."""
    if not re.fullmatch(rf"[A-Za-z0-9_-]{{{_LENGTH}}}", ticket):
        return None
    raw = base64.urlsafe_b64decode(ticket)
    content, signature = raw[: _FORMAT.size], raw[_FORMAT.size :]
    if not any(hmac.compare_digest(signature, secret.derive(_PURPOSE, content)) for secret in key.valid()):
        return None
    batch, credential, expires_at = _FORMAT.unpack(content)
    return UUID(bytes=batch), UUID(bytes=credential), expires_at


def _signed_out_since(user: User, issued_at: int) -> bool:
    """Whether the user signed out everywhere after a second since 1970, or within it."""
    return user.signed_out_at is not None and user.signed_out_at.timestamp() >= issued_at


async def _now(session: AsyncSession) -> int:
    """By the database's clock, which all processes share."""
    return int((await session.execute(select(func.extract("epoch", func.clock_timestamp())))).scalar_one())


async def next_end(session: AsyncSession) -> int:
    """When a ticket that is made now ends, in seconds since 1970."""
    return await _now(session) + LIFE_SECONDS


@raises(TicketNotValid)
async def redeem_ticket(session: AsyncSession, key: SigningKey, ticket: str, batch_id: UUID) -> Credential:
    """The credential that a ticket was made with, which must still be valid (else 401)."""
    opened = unseal(key, ticket)
    if opened and opened[0] == batch_id and opened[2] > await _now(session):
        credential = await find_credential(session, opened[1])
        issued_at = opened[2] - LIFE_SECONDS
        if credential and not _signed_out_since(credential.user, issued_at):
            return credential
    detail = f"A ticket opens the stream of one batch within {LIFE_SECONDS} seconds. Ask for a new one."
    raise TicketNotValid(detail, headers={"WWW-Authenticate": "Bearer"})
