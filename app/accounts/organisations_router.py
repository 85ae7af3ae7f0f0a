"""All organisations of the installation and their users, for its operators."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends

from app.accounts import organisations, people, repository
from app.accounts.inviting import Inviter, InviterDep
from app.accounts.people_schemas import (
    InvitationCreate,
    InvitationCreated,
    OrganisationChange,
    OrganisationCreate,
    OrganisationFigures,
    OrganisationNamed,
    OrganisationPage,
    UserDetail,
    UserPage,
    UserUpdateByOperator,
)
from app.accounts.users_router import changes_of, read_page, read_user
from app.auth.dependencies import OperatorDep
from app.auth.models import Organisation
from app.idempotency.dependencies import OnceDep
from app.kit.container import provided
from app.kit.declarations import raises, sends
from app.kit.dependencies import PageDep, SessionDep
from app.kit.room import Rooms

router = APIRouter(prefix="/api/organisations", tags=["people"])
RoomsDep = Annotated[Rooms, Depends(provided(Rooms))]


async def _read(session: SessionDep, rows: Sequence[Organisation], rooms: Rooms) -> list[OrganisationFigures]:
    ids = [row.id for row in rows]
    figures = await repository.count_users(session, ids)
    for count in (count for room in rooms for count in room.organisation_figures):
        for organisation_id, found in (await count(session, ids)).items():
            figures[organisation_id] |= found
    return [OrganisationFigures.of(row, figures=figures[row.id]) for row in rows]


@router.get("")
async def list_organisations(
    caller: OperatorDep, session: SessionDep, page: PageDep, rooms: RoomsDep
) -> OrganisationPage:
    """Every organisation by name, with how many users, batches and bytes it has."""
    found = await repository.list_organisations(session, page)
    read = await _read(session, found.rows, rooms)
    return OrganisationPage(organisations=read, next_cursor=found.next_cursor)


@router.post("", status_code=201)
@raises(organisations.add_organisation)
@sends("Location")
async def create_organisation(
    caller: OperatorDep, body: OrganisationCreate, session: SessionDep, once: OnceDep
) -> OrganisationNamed:
    """A new organisation. Invite its first administrator next."""

    async def make() -> OrganisationNamed:
        return OrganisationNamed.of(await organisations.add_organisation(session, caller, body.name))

    return await once.answer(session, body, make, OrganisationNamed, location="/api/organisations/{id}")


@router.get("/{organisation_id}")
@raises(people.get_organisation)
async def get_organisation(
    caller: OperatorDep, organisation_id: UUID, session: SessionDep, rooms: RoomsDep
) -> OrganisationFigures:
    """One organisation with its figures."""
    return (await _read(session, [await people.get_organisation(session, organisation_id)], rooms))[0]


@router.patch("/{organisation_id}")
@raises(people.get_organisation, organisations.rename, organisations.disable)
async def change_organisation(
    caller: OperatorDep, organisation_id: UUID, body: OrganisationChange, session: SessionDep
) -> OrganisationNamed:
    """Rename an organisation, disable it, or enable it again."""
    organisation = await people.get_organisation(session, organisation_id)
    if body.name is not None:
        organisation = await organisations.rename(session, caller, organisation_id, body.name)
    if body.disabled is not None:
        organisation = await organisations.disable(session, caller, organisation_id, disabled=body.disabled)
    return OrganisationNamed.of(organisation)


@router.post("/{organisation_id}/invitations", status_code=201)
@raises(Inviter.invite)
async def create_organisation_invitation(
    caller: OperatorDep, organisation_id: UUID, body: InvitationCreate, inviter: InviterDep
) -> InvitationCreated:
    """Invite a person into an organisation, such as its first administrator."""
    return await inviter.invite(caller, organisation_id, body)


@router.get("/{organisation_id}/users")
@raises(people.get_organisation)
async def list_organisation_users(
    caller: OperatorDep, organisation_id: UUID, session: SessionDep, page: PageDep
) -> UserPage:
    """The users of an organisation, oldest first."""
    await people.get_organisation(session, organisation_id)
    return await read_page(session, organisation_id, page)


@router.patch("/{organisation_id}/users/{user_id}")
@raises(people.change_user)
async def update_organisation_user(
    caller: OperatorDep, organisation_id: UUID, user_id: UUID, body: UserUpdateByOperator, session: SessionDep
) -> UserDetail:
    """Change a user of any organisation, and whether they operate the installation, which keeps an operator."""
    return read_user(await people.change_user(session, caller, organisation_id, user_id, changes_of(body)))
