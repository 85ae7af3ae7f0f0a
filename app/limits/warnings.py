"""Tells an organisation that it comes near a limit: in the answer that crosses 80 %, in the audit log, and by mail."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession
from starlette.types import Scope

from app.audit.actions import Action
from app.audit.record import SERVICE, Target, record
from app.kit.web.request_context import current_request
from app.limits import warning_repository

SHARE: Final = 0.8
NOTED: Final = "tranche.quota_warnings"
"""Where a request's scope has the warnings that its answer tells of, and a session's `info` those that it gave."""


def crosses(used: int, after: int, most: int) -> bool:
    """Whether a change brings an organisation from below the share to it."""
    return used < SHARE * most <= after


async def warn(session: AsyncSession, organisation_id: UUID, quota: str, words: str, most: int, used: int) -> None:
    """Tell of it. Administrators get one mail a day of each quota: of jobs, say, many an hour come and go."""
    session.info.setdefault(NOTED, []).append(f"The organisation has {used:,} of at most {most:,} {words}.")
    if request := current_request():
        request.scope.setdefault(NOTED, {})[quota] = (used, most)
    if await warning_repository.add_warning(session, organisation_id, quota, used, most):
        target, details = Target("quota", quota), {"used": used, "limit": most}
        await record(
            session, SERVICE, Action.QUOTA_NEARED, target=target, details=details, organisation_id=organisation_id
        )


def warnings_of(session: AsyncSession) -> list[str]:
    """The sentences that the session's transaction has given rise to."""
    return list(session.info.get(NOTED, ()))


def warning_headers(scope: Scope) -> list[tuple[bytes, bytes]]:
    """`Quota-Warning`, a list of structured fields (RFC 9651) as `RateLimit` is one."""
    noted: dict[str, tuple[int, int]] = scope.get(NOTED) or {}
    if not noted:
        return []
    told = ", ".join(f'"{quota}";used={used};limit={most}' for quota, (used, most) in noted.items())
    return [(b"quota-warning", told.encode())]
