"""Accounts of an organisation and what it may reach, as administrators, operators and the command line manage them.

Every change is recorded in the audit log, in the transaction of the change.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from pydantic import SecretStr, ValidationError
from sqlalchemy.ext.asyncio import AsyncSession

from app.audit.actions import Action
from app.audit.record import Actor, Target, record
from app.auth.caller import Caller
from app.connections import repository
from app.connections.contract import Account, AnyKind
from app.connections.errors import AllowanceNotValid, ConnectionNotSet, ConnectionUnknown, OrganisationUnknown
from app.connections.outbound import OutboundClients
from app.connections.schemas import AllowanceRead, ConnectionRead
from app.connections.service import Connections
from app.kit.declarations import raises
from app.kit.errors import Unprocessable, existing, problems_of
from app.kit.outbound.addresses import AddressRules
from app.kit.secrets.sealing import CannotUnseal, hidden
from app.kit.secrets.values import HIDDEN

Who = Caller | Actor


async def list_accounts(session: AsyncSession, connections: Connections, organisation_id: UUID) -> list[ConnectionRead]:
    """Every outside service, whether the organisation has an account for it, and by whom that was set."""
    rows = await repository.list_connections(session, organisation_id)
    available = await connections.list_available(session, organisation_id)
    own = {connection.kind: (connection, name) for connection, name in rows}
    shown = []
    for kind in connections:
        connection, name = own.get(kind.key, (None, None))
        source = "own" if connection else "installation" if kind.key in available else "none"
        shown.append(
            ConnectionRead(
                kind=kind.key,
                title=kind.title,
                source=source,
                account=_shown(connections, organisation_id, kind, connection.sealed) if connection else None,
                hint=connection.hint if connection else None,
                set_by=name,
                set_at=connection.set_at if connection else None,
                account_schema=kind.account.model_json_schema(),
            )
        )
    return shown


@raises(ConnectionUnknown, Unprocessable)
async def set_account(
    session: AsyncSession,
    who: Who,
    connections: Connections,
    organisation_id: UUID,
    key: str,
    values: dict[str, Any],
) -> None:
    """Keep an account in place of the one before; raises ConnectionUnknown (404), or Unprocessable (422) for values."""
    kind = connections.kind(key)
    account = _check(kind, values)
    set_by = who.user_id if isinstance(who, Caller) else None
    await connections.save(session, organisation_id, kind, account, set_by)
    await _record(session, who, Action.SERVICE_CREDENTIAL_SET, organisation_id, kind)


@raises(ConnectionUnknown, ConnectionNotSet)
async def remove_account(
    session: AsyncSession, who: Who, connections: Connections, organisation_id: UUID, key: str
) -> None:
    """Forget the organisation's own account; raises ConnectionUnknown or ConnectionNotSet (404)."""
    kind = connections.kind(key)
    if not await repository.delete_connection(session, organisation_id, key):
        raise ConnectionNotSet.of(kind.title)
    await _record(session, who, Action.SERVICE_CREDENTIAL_DELETED, organisation_id, kind)


@raises(OrganisationUnknown)
async def read_allowance(session: AsyncSession, clients: OutboundClients, organisation_id: UUID) -> AllowanceRead:
    """What the organisation may reach besides public addresses; raises OrganisationUnknown (404)."""
    existing(await repository.find_organisation(session, organisation_id), OrganisationUnknown)
    row = await repository.find_allowance(session, organisation_id)
    shared = await clients.shared(session, organisation_id)
    return AllowanceRead(allow=row.allow if row else [], installation=list(shared), set_at=row.set_at if row else None)


@raises(OrganisationUnknown, AllowanceNotValid)
async def set_allowance(session: AsyncSession, who: Who, organisation_id: UUID, allow: Sequence[str]) -> None:
    """Replace that list; raises OrganisationUnknown (404) or AllowanceNotValid (422)."""
    organisation = existing(await repository.find_organisation(session, organisation_id), OrganisationUnknown)
    try:
        AddressRules(allow)
    except ValueError as error:
        raise AllowanceNotValid(f"{error}.") from None
    set_by = who.user_id if isinstance(who, Caller) else None
    await repository.save_allowance(session, organisation_id, allow, set_by)
    target = Target("organisation", organisation_id, organisation.name)
    details = {"outbound_allow": list(allow)}
    action = Action.ORGANISATION_UPDATED
    await record(session, who, action, target=target, details=details, organisation_id=organisation_id)


def _check(kind: AnyKind, values: dict[str, Any]) -> Account:
    try:
        account: Account = kind.account.model_validate(values)
    except ValidationError as error:
        found = problems_of(error.errors(include_input=False), ["body", "account"])
        place = ".".join(map(str, found[0]["loc"][1:]))
        raise Unprocessable(f"{place}: {found[0]['msg']}", errors=found) from None
    if any(isinstance(value, SecretStr) and value.get_secret_value() == HIDDEN for _, value in account):
        raise Unprocessable(f"{HIDDEN} stands for a secret that is not shown: give the secret itself.")
    return account


def _shown(connections: Connections, organisation_id: UUID, kind: AnyKind, sealed: str) -> dict[str, Any] | None:
    """The account without its secrets; None when this process cannot read it."""
    try:
        account: Account = connections.unsealed(organisation_id, kind, sealed)
    except CannotUnseal:
        return None
    values = account.model_dump(mode="json")
    secret = {name for name, value in account if isinstance(value, SecretStr)}
    return {name: HIDDEN if name in secret else hidden(value) for name, value in values.items()}


async def _record(session: AsyncSession, who: Who, action: Action, organisation_id: UUID, kind: AnyKind) -> None:
    target = Target("service_credential", kind.key, kind.title)
    await record(session, who, action, target=target, organisation_id=organisation_id)
