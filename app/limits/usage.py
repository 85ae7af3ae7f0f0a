"""What an organisation has of everything that is limited, and changing its limits."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from app.audit.actions import Action
from app.audit.record import Actor, Target, changed, record
from app.auth.caller import Caller
from app.auth.models import Organisation
from app.kit.room import Rooms
from app.limits import quota_repository as repository
from app.limits.quotas import WORDS, Quota, state_of
from app.limits.schemas import LimitsRead, QuotaRead, UsageRead

DEFAULT = "default"


async def read_usage(session: AsyncSession, rooms: Rooms, organisation_id: Any) -> UsageRead:
    """Every quota with what is used of it, as the rooms count it."""
    counts = {Quota(name): count for room in rooms for name, count in room.quota_counts.items()}
    limits = await repository.find_limits(session, organisation_id, list(Quota))
    quotas, warnings = [], []
    for quota in Quota:
        most = limits[quota]
        is_counted = most is not None or quota is not Quota.OPEN_STREAMS
        used = await counts[quota](session, organisation_id) if is_counted else None
        state = state_of(used or 0, most)
        quotas.append(QuotaRead.model_validate({"name": quota.value, "used": used, "limit": most, "state": state}))
        if most is not None and used is not None and state != "ok":
            said = "has reached its limit of" if state == "reached" else f"has {used:,} of at most"
            warnings.append(f"The organisation {said} {most:,} {WORDS[quota]}.")
    return UsageRead(quotas=quotas, warnings=warnings)


async def read_limits(session: AsyncSession, rooms: Rooms, organisation: Organisation) -> LimitsRead:
    """The same, as operators see it."""
    usage = await read_usage(session, rooms, organisation.id)
    own = await repository.list_own_limits(session, organisation.id)
    return LimitsRead(
        quotas=usage.quotas,
        warnings=usage.warnings,
        organisation_id=organisation.id,
        organisation=organisation.name,
        weight=organisation.weight,
        own=own,
    )


async def set_limits(
    session: AsyncSession,
    who: Caller | Actor,
    organisation: Organisation,
    wanted: Mapping[str, int | str | None],
    weight: float | None = None,
) -> None:
    """Change limits of an organisation: a number, None for no limit, or "default"; and its weight. It is audited."""
    before = await repository.list_own_limits(session, organisation.id)
    await repository.forget_limits(session, organisation.id, [name for name, most in wanted.items() if most == DEFAULT])
    numbers = {name: most for name, most in wanted.items() if most is None or isinstance(most, int)}
    await repository.set_limits(session, organisation.id, numbers)
    shown = {name: before.get(name, DEFAULT) for name in wanted}
    target = Target("organisation", organisation.id, organisation.name)
    details = changed(shown, dict(wanted))
    if weight is not None:
        details |= changed({"weight": organisation.weight}, {"weight": weight})
        organisation.weight = weight
    await record(session, who, Action.LIMITS_UPDATED, target=target, details=details, organisation_id=organisation.id)
