"""Erasing an organisation."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends

from app.auth.dependencies import OperatorDep
from app.kit.container import provided
from app.kit.declarations import RouteTag, raises
from app.tenants.erasure import Erasures
from app.tenants.schemas import ErasureBegun, ErasureRequest

_TAG = RouteTag("erasure", "Removing an organisation with everything in it.")
router = APIRouter(prefix="/api", tags=[_TAG])
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
