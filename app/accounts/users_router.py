"""The users of the organisation, for its administrators."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from fastapi import APIRouter

from app.accounts import people, repository
from app.accounts.people_schemas import UserCreate, UserDetail, UserListed, UserPage, UserUpdate
from app.auth.dependencies import AdminDep
from app.auth.models import User
from app.idempotency.dependencies import OnceDep
from app.kit.declarations import RouteTag, raises, sends
from app.kit.dependencies import PageDep, SessionDep

_TAG = RouteTag("people", "Users, invitations and organisations: see docs/access.md.")
router = APIRouter(prefix="/api/users", tags=[_TAG])


def read_user(user: User) -> UserDetail:
    return UserDetail.of(user, active=user.deactivated_at is None)


def changes_of(body: UserUpdate) -> dict[str, Any]:
    """What was sent; only an address can be taken away."""
    sent = body.model_dump(exclude_unset=True)
    return {name: value for name, value in sent.items() if value is not None or name == "email"}


async def read_page(session: SessionDep, organisation_id: UUID, page: PageDep) -> UserPage:
    found = await repository.list_users(session, organisation_id, page)
    users = [UserListed.of(user, active=user.deactivated_at is None, last_used_at=used) for user, used in found.rows]
    return UserPage(users=users, next_cursor=found.next_cursor)


@router.get("")
async def list_users(caller: AdminDep, session: SessionDep, page: PageDep) -> UserPage:
    """The organisation's users, oldest first, those who were deactivated as well."""
    return await read_page(session, caller.organisation_id, page)


@router.post("", status_code=201)
@raises(people.add_user)
@sends("Location")
async def create_user(caller: AdminDep, body: UserCreate, session: SessionDep, once: OnceDep) -> UserDetail:
    """A user for a program. It has no credential yet: make a key for it. People are invited instead."""

    async def make() -> UserDetail:
        user = await people.add_user(session, caller, caller.organisation_id, **body.model_dump())
        return read_user(user)

    return await once.answer(session, body, make, UserDetail, location="/api/users/{id}")


@router.get("/{user_id}")
@raises(people.get_user)
async def get_user(caller: AdminDep, user_id: UUID, session: SessionDep) -> UserDetail:
    """One user."""
    return read_user(await people.get_user(session, caller.organisation_id, user_id))


@router.patch("/{user_id}")
@raises(people.change_user)
async def update_user(caller: AdminDep, user_id: UUID, body: UserUpdate, session: SessionDep) -> UserDetail:
    """Change a user's name, address or role, or let them in no more, or again.

    An organisation keeps an administrator. Whoever operates the installation is changed by operators only.
    """
    user = await people.change_user(session, caller, caller.organisation_id, user_id, changes_of(body))
    return read_user(user)
