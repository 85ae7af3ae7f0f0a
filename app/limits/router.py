"""What an organisation uses of its limits, and how operators set them."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends

from app.auth.dependencies import OperatorDep, ReaderDep
from app.auth.models import Organisation
from app.kit.container import provided
from app.kit.declarations import raises
from app.kit.dependencies import SessionDep
from app.kit.errors import existing
from app.kit.room import Rooms
from app.limits import usage
from app.limits.errors import OrganisationNotFound
from app.limits.schemas import LimitsRead, LimitsUpdate, UsageRead

router = APIRouter(prefix="/api", tags=["operations"])
RoomsDep = Annotated[Rooms, Depends(provided(Rooms))]


@router.get("/organisation/usage")
async def get_usage(caller: ReaderDep, session: SessionDep, rooms: RoomsDep) -> UsageRead:
    """What the organisation has of everything that is limited, and its limits."""
    return await usage.read_usage(session, rooms, caller.organisation_id)


@router.get("/organisations/{organisation_id}/limits")
@raises(OrganisationNotFound)
async def get_limits(caller: OperatorDep, organisation_id: UUID, session: SessionDep, rooms: RoomsDep) -> LimitsRead:
    """The limits of an organisation, and what it uses of them."""
    organisation = existing(await session.get(Organisation, organisation_id), OrganisationNotFound)
    return await usage.read_limits(session, rooms, organisation)


@router.patch("/organisations/{organisation_id}/limits")
@raises(OrganisationNotFound)
async def update_limits(
    caller: OperatorDep, organisation_id: UUID, body: LimitsUpdate, session: SessionDep, rooms: RoomsDep
) -> LimitsRead:
    """Set limits of an organisation. They hold from the next request on; what is there already stays."""
    organisation = existing(await session.get(Organisation, organisation_id), OrganisationNotFound)
    weight = body.weight if "weight" in body.model_fields_set else None
    wanted = body.model_dump(exclude_unset=True, exclude={"weight"})
    await usage.set_limits(session, caller, organisation, wanted, weight)
    return await usage.read_limits(session, rooms, organisation)
