"""Accounts of outside services, for an organisation's administrators; what it may reach in intranets, for operators."""

from __future__ import annotations

from uuid import UUID

from fastapi import APIRouter

from app.auth.dependencies import AdminDep, OperatorDep
from app.connections import administration, trial
from app.connections.dependencies import ConnectionsDep, OutboundClientsDep
from app.connections.schemas import (
    AllowanceInput,
    AllowanceRead,
    ConnectionInput,
    ConnectionPage,
    ConnectionTested,
)
from app.kit.declarations import RouteTag, raises
from app.kit.dependencies import DatabaseDep, SessionDep

_TAG = RouteTag("connections", "Accounts of outside services that the organisation's batches use.")
router = APIRouter(prefix="/api", tags=[_TAG])


@router.get("/connections")
async def list_connections(
    database: DatabaseDep, caller: AdminDep, connections: ConnectionsDep, clients: OutboundClientsDep
) -> ConnectionPage:
    """Every outside service, whether the organisation has an account for it, and by whom that was set."""
    allowed = await clients.allowed(caller.organisation_id)
    async with database.transaction() as session:
        shown = await administration.list_accounts(session, connections, caller.organisation_id)
    return ConnectionPage(connections=shown, outbound_allow=sorted(set(allowed)))


@router.put("/connections/{kind}", status_code=204)
@raises(administration.set_account)
async def set_connection(
    kind: str, body: ConnectionInput, session: SessionDep, caller: AdminDep, connections: ConnectionsDep
) -> None:
    """Set the organisation's own account. It is encrypted, and its secrets are never shown again."""
    await administration.set_account(session, caller, connections, caller.organisation_id, kind, body.account)


@router.delete("/connections/{kind}", status_code=204)
@raises(administration.remove_account)
async def delete_connection(kind: str, session: SessionDep, caller: AdminDep, connections: ConnectionsDep) -> None:
    """Remove the organisation's own account. Batches that need it fail from then on."""
    await administration.remove_account(session, caller, connections, caller.organisation_id, kind)


@router.post("/connections/{kind}/test")
@raises(trial.try_own_account)
async def test_connection(
    kind: str, caller: AdminDep, connections: ConnectionsDep, clients: OutboundClientsDep, database: DatabaseDep
) -> ConnectionTested:
    """Try the organisation's own account: the service is asked for the cheapest thing that needs it."""
    said = await trial.try_own_account(database, connections, clients, caller.organisation_id, kind)
    return ConnectionTested(detail=said)


@router.get("/organisations/{organisation_id}/outbound-allow")
@raises(administration.read_allowance)
async def get_outbound_allow(
    organisation_id: UUID, session: SessionDep, caller: OperatorDep, clients: OutboundClientsDep
) -> AllowanceRead:
    """What an organisation may reach besides public addresses."""
    return await administration.read_allowance(session, clients, organisation_id)


@router.put("/organisations/{organisation_id}/outbound-allow")
@raises(administration.set_allowance)
async def set_outbound_allow(
    organisation_id: UUID, body: AllowanceInput, session: SessionDep, caller: OperatorDep, clients: OutboundClientsDep
) -> AllowanceRead:
    """Replace what an organisation may reach besides public addresses; it holds from the next request on."""
    await administration.set_allowance(session, caller, organisation_id, body.allow)
    return await administration.read_allowance(session, clients, organisation_id)
