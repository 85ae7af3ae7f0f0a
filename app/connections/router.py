"""Accounts of outside services, for an organisation's administrators; what it may reach in intranets, for operators."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from fastapi import APIRouter
from pydantic import SecretStr, ValidationError

from app.audit.actions import Action
from app.audit.record import Target, record
from app.auth.caller import Caller
from app.auth.dependencies import AdminDep, OperatorDep
from app.connections import repository, trial
from app.connections.contract import Account, AnyKind, Reach
from app.connections.dependencies import ConnectionsDep, OutboundClientsDep
from app.connections.errors import (
    AllowanceNotValid,
    ConnectionNotSet,
    ConnectionRefused,
    ConnectionUnknown,
    OrganisationUnknown,
)
from app.connections.outbound import OutboundClients
from app.connections.schemas import (
    AllowanceInput,
    AllowanceRead,
    ConnectionInput,
    ConnectionPage,
    ConnectionRead,
    ConnectionTested,
)
from app.connections.service import Connections
from app.kit.addresses import AddressRules
from app.kit.declarations import RouteTag, raises
from app.kit.dependencies import DatabaseDep, SessionDep
from app.kit.errors import Unprocessable, existing, problems_of
from app.kit.sealing import CannotUnseal, hidden
from app.kit.secret_values import HIDDEN

_TAG = RouteTag("connections", "Accounts of outside services that the organisation's batches use.")
router = APIRouter(prefix="/api", tags=[_TAG])


@router.get("/connections")
async def list_connections(
    database: DatabaseDep, caller: AdminDep, connections: ConnectionsDep, clients: OutboundClientsDep
) -> ConnectionPage:
    """Every outside service, whether the organisation has an account for it, and by whom that was set."""
    allowed = await clients.allowed(caller.organisation_id)
    async with database.transaction() as session:
        rows = await repository.list_connections(session, caller.organisation_id)
        available = await connections.list_available(session, caller.organisation_id)
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
                account=_shown(connections, caller.organisation_id, kind, connection.sealed) if connection else None,
                hint=connection.hint if connection else None,
                set_by=name,
                set_at=connection.set_at if connection else None,
                account_schema=kind.account.model_json_schema(),
            )
        )
    return ConnectionPage(connections=shown, outbound_allow=sorted(set(allowed)))


@router.put("/connections/{kind}", status_code=204)
@raises(ConnectionUnknown, Unprocessable)
async def set_connection(
    kind: str, body: ConnectionInput, session: SessionDep, caller: AdminDep, connections: ConnectionsDep
) -> None:
    """Set the organisation's own account. It is encrypted, and its secrets are never shown again."""
    known = connections.kind(kind)
    account = _check(known, body.account)
    await connections.save(session, caller.organisation_id, known, account, caller.user_id)
    await _record(session, caller, Action.SERVICE_CREDENTIAL_SET, known)


@router.delete("/connections/{kind}", status_code=204)
@raises(ConnectionUnknown, ConnectionNotSet)
async def delete_connection(kind: str, session: SessionDep, caller: AdminDep, connections: ConnectionsDep) -> None:
    """Remove the organisation's own account. Batches that need it fail from then on."""
    known = connections.kind(kind)
    if not await repository.delete_connection(session, caller.organisation_id, kind):
        raise ConnectionNotSet(f"The organisation has no account of its own for {known.title}.")
    await _record(session, caller, Action.SERVICE_CREDENTIAL_DELETED, known)


@router.post("/connections/{kind}/test")
@raises(ConnectionUnknown, ConnectionNotSet, ConnectionRefused)
async def test_connection(
    kind: str, caller: AdminDep, connections: ConnectionsDep, clients: OutboundClientsDep, database: DatabaseDep
) -> ConnectionTested:
    """Try the organisation's own account: the service is asked for the cheapest thing that needs it."""
    known = connections.kind(kind)
    async with database.transaction() as session:
        row = await repository.find_connection(session, caller.organisation_id, kind)
    if row is None:
        raise ConnectionNotSet(f"The organisation has no account of its own for {known.title}.")
    try:
        account = connections.unsealed(caller.organisation_id, known, row.sealed)
    except CannotUnseal as error:
        raise ConnectionRefused(error.detail) from None
    reach = Reach(clients.of(caller.organisation_id), await clients.allowed(caller.organisation_id))
    said = await trial.try_account(known, account, reach)
    return ConnectionTested(detail=said)


@router.get("/organisations/{organisation_id}/outbound-allow")
@raises(OrganisationUnknown)
async def get_outbound_allow(
    organisation_id: UUID, session: SessionDep, caller: OperatorDep, clients: OutboundClientsDep
) -> AllowanceRead:
    """What an organisation may reach besides public addresses."""
    return await _read_allowance(session, organisation_id, clients)


@router.put("/organisations/{organisation_id}/outbound-allow")
@raises(OrganisationUnknown, AllowanceNotValid)
async def set_outbound_allow(
    organisation_id: UUID, body: AllowanceInput, session: SessionDep, caller: OperatorDep, clients: OutboundClientsDep
) -> AllowanceRead:
    """Replace what an organisation may reach besides public addresses; it holds from the next request on."""
    organisation = existing(await repository.find_organisation(session, organisation_id), OrganisationUnknown)
    try:
        AddressRules(body.allow)
    except ValueError as error:
        raise AllowanceNotValid(f"{error}.") from None
    await repository.save_allowance(session, organisation_id, body.allow, caller.user_id)
    await record(
        session,
        caller,
        Action.ORGANISATION_UPDATED,
        target=Target("organisation", organisation_id, organisation.name),
        details={"outbound_allow": body.allow},
        organisation_id=organisation_id,
    )
    return await _read_allowance(session, organisation_id, clients)


async def _read_allowance(session: SessionDep, organisation_id: UUID, clients: OutboundClients) -> AllowanceRead:
    existing(await repository.find_organisation(session, organisation_id), OrganisationUnknown)
    row = await repository.find_allowance(session, organisation_id)
    shared = await clients.shared(session, organisation_id)
    return AllowanceRead(allow=row.allow if row else [], installation=list(shared), set_at=row.set_at if row else None)


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


async def _record(session: SessionDep, caller: Caller, action: Action, kind: AnyKind) -> None:
    await record(session, caller, action, target=Target("service_credential", kind.key, kind.title))
