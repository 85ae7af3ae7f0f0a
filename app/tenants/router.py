"""Erasing an organisation, and removing one of its users."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends

from app.auth.dependencies import AdminDep, OperatorDep
from app.kit.container import provided
from app.kit.declarations import RouteTag, raises
from app.kit.dependencies import DatabaseDep
from app.tenants.departures import remove_user
from app.tenants.erasure import Erasures
from app.tenants.schemas import ErasureBegun, ErasureRequest

_TAG = RouteTag("erasure", "Removing an organisation with everything in it.")
router = APIRouter(prefix="/api", tags=[_TAG])
users_router = APIRouter(prefix="/api/users", tags=["people"])
ErasuresDep = Annotated[Erasures, Depends(provided(Erasures))]


@router.post("/organisations/{organisation_id}/erase")
@raises(Erasures.begin)
async def erase_organisation(
    organisation_id: UUID, body: ErasureRequest, caller: OperatorDep, erasures: ErasuresDep
) -> ErasureBegun:
    """Remove an organisation with everything in it. It cannot be taken back."""
    begun = await erasures.begin(caller, organisation_id, body.name)
    erasures.wake()
    return ErasureBegun(organisation_id=begun)


@users_router.delete("/{user_id}", status_code=204)
@raises(remove_user)
async def delete_user(user_id: UUID, caller: AdminDep, database: DatabaseDep) -> None:
    """Remove a user with their keys, sessions and schedules. What they made stays, and is the administrators'."""
    await remove_user(database, caller, caller.organisation_id, user_id)
