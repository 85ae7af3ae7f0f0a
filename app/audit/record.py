"""Writes the audit log: `record`, in the transaction of the change that it tells of, so that neither is there alone."""

from __future__ import annotations

import getpass
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple
from uuid import UUID

from pydantic_core import to_jsonable_python
from sqlalchemy.ext.asyncio import AsyncSession

from app.audit import repository
from app.audit.actions import Action
from app.auth.caller import Caller
from app.kit.ids import new_id
from app.kit.web.request_context import RequestContext, current_request

Outcome = Literal["success", "failure"]


class Target(NamedTuple):
    """What something was done to: a noun such as "key", its id, and the name that people know it by."""

    kind: str
    id: object = None
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Actor:
    """Somebody who is no `Caller`: an operator at the command line, or the service itself."""

    kind: Literal["user", "command", "service", "anonymous"]
    name: str | None = None
    id: UUID | None = None
    credential_id: UUID | None = None
    organisation_id: UUID | None = None


SERVICE = Actor("service")
ANONYMOUS = Actor("anonymous")


def operator_at_shell() -> Actor:
    """Whoever runs a command on this machine, by the name of the system's user."""
    try:
        name: str | None = getpass.getuser()
    except (OSError, KeyError):  # a user id without a name, as containers have
        name = None
    return Actor("command", name)


async def record(
    session: AsyncSession,
    who: Caller | Actor | None,
    action: Action,
    *,
    target: Target | None = None,
    outcome: Outcome = "success",
    details: Mapping[str, Any] | None = None,
    organisation_id: UUID | None = None,
) -> None:
    """Say in the audit log that somebody did something, if the session's transaction is committed.

    `who` is None for a stranger. `details` are JSON values, or what pydantic makes them of, and never hold a secret.
    The organisation is the actor's unless another is given. Address, user agent and request id are the request's.
    """
    values = entry_of(
        who or ANONYMOUS, action, target=target, outcome=outcome, details=details, organisation_id=organisation_id
    )
    await repository.add(session, values)


def entry_of(
    who: Caller | Actor,
    action: Action,
    *,
    target: Target | None,
    outcome: Outcome,
    details: Mapping[str, Any] | None,
    organisation_id: UUID | None,
) -> dict[str, Any]:
    """The columns of an entry, as `record` writes it."""
    actor, request = actor_of(who), current_request()
    target = target or Target("")
    return {
        "id": new_id(),
        "organisation_id": organisation_id or actor.organisation_id,
        "actor_kind": actor.kind,
        "actor_id": actor.id,
        "actor_name": actor.name,
        "credential_id": actor.credential_id,
        "client_address": address_of(who, request),
        "user_agent": request and request.user_agent,
        "request_id": request and request.id,
        "action": action.value,
        "target_kind": target.kind or None,
        "target_id": None if target.id is None else str(target.id),
        "target_name": target.name,
        "outcome": outcome,
        "details": to_jsonable_python(dict(details or {})),
    }


def actor_of(who: Caller | Actor) -> Actor:
    if isinstance(who, Actor):
        return who
    return Actor("user", who.user_name, who.user_id, who.credential_id, who.organisation_id)


def address_of(who: Caller | Actor, request: RequestContext | None) -> str | None:
    """Where a request came from."""
    if isinstance(who, Caller):
        return who.client_ip
    return request.client_address if request else None


def changed(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    """`details` of a change: each member that is different, as it was and as it is."""
    return {
        "changed": {
            name: {"from": before.get(name), "to": value} for name, value in after.items() if before.get(name) != value
        }
    }
