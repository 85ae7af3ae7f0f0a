"""`tranche users` and `tranche organisations`: work on an installation directly, without its HTTP API."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts import invitations, organisations, people
from app.accounts import repository as accounts
from app.accounts.people_schemas import InvitationRead, OrganisationFigures, UserListed
from app.audit.actions import Action
from app.audit.record import Target, operator_at_shell, record
from app.auth import repository, sessions
from app.auth.models import Organisation, User
from app.auth.permissions import Role
from app.auth.secrets import new_secret
from app.commands import ServiceRefused
from app.commands.administration import run_with_database
from app.installation import Installation
from app.kit.errors import Problem
from app.kit.pages import Page, PageRequest
from app.settings import Settings
from app.tenants import departures

T = TypeVar("T")
MOST = 1000


def _change(settings: Settings, work: Callable[[AsyncSession], Awaitable[T]]) -> T:
    """Run `work` in a transaction on the installation's database; what it refuses ends the command with a sentence."""
    installation = Installation(settings)

    async def run() -> T:
        await installation.migrate()
        try:
            async with installation.database.transaction() as session:
                return await work(session)
        except Problem as problem:
            raise ServiceRefused(problem.detail) from None

    return run_with_database(settings, run, installation)


async def find_organisation(session: AsyncSession, name: str) -> Organisation:
    """By name; raises ServiceRefused."""
    found = await repository.find_organisation(session, name)
    if found is None:
        raise ServiceRefused(f"There is no organisation {name!r}.")
    return found


async def _user(session: AsyncSession, organisation: Organisation, name_or_id: str) -> User:
    found = await repository.find_user(session, organisation.id, name_or_id)
    if found is None:
        try:
            found = await accounts.find_user(session, organisation.id, UUID(name_or_id))
        except ValueError:
            found = None
    if found is None:
        raise ServiceRefused(f"There is no user {name_or_id!r} in {organisation.name!r}.")
    return found


async def _all(read: Callable[[PageRequest], Awaitable[Page[T]]]) -> list[T]:
    """Every row of a list, page by page."""
    rows: list[T] = []
    cursor = None
    while True:
        page = await read(PageRequest(MOST, cursor))
        rows += page.rows
        cursor = page.next_cursor
        if cursor is None:
            return rows


def list_users(settings: Settings, organisation: str) -> list[UserListed]:
    """The users of an organisation, oldest first."""

    async def work(session: AsyncSession) -> list[UserListed]:
        owner = await find_organisation(session, organisation)
        rows = await _all(partial(accounts.list_users, session, owner.id))
        return [UserListed.of(user, active=user.deactivated_at is None, last_used_at=used) for user, used in rows]

    return _change(settings, work)


def create_user(settings: Settings, organisation: str, name: str, role: Role, email: str | None) -> UUID:
    """A new user, who has no key yet; the id."""

    async def work(session: AsyncSession) -> UUID:
        owner = await find_organisation(session, organisation)
        user = await people.add_user(session, operator_at_shell(), owner.id, name=name, role=role, email=email)
        return user.id

    return _change(settings, work)


def invite(settings: Settings, organisation: str, name: str, role: Role, email: str | None, days: int) -> str:
    """The address of the page that accepts a new invitation."""

    async def work(session: AsyncSession) -> str:
        owner, code = await find_organisation(session, organisation), new_secret()
        who = operator_at_shell()
        await invitations.add_invitation(
            session, who, owner.id, name=name, email=email, role=role, code=code, days=days
        )
        return invitations.link_of(settings.base_url, code)

    return _change(settings, work)


def change_user(settings: Settings, organisation: str, user: str, **changes: Any) -> User:
    """Change `role`, `operator` or `active` of a user, by name or id."""

    async def work(session: AsyncSession) -> User:
        owner = await find_organisation(session, organisation)
        found = await _user(session, owner, user)
        return await people.change_user(session, operator_at_shell(), owner.id, found.id, changes)

    return _change(settings, work)


def sign_user_out(settings: Settings, organisation: str, user: str) -> int:
    """End all sessions and sign-in links of a user, by name or id; how many browsers were signed in."""

    async def work(session: AsyncSession) -> int:
        owner = await find_organisation(session, organisation)
        found = await _user(session, owner, user)
        ended = await sessions.sign_out_everywhere(session, found)
        target, who = Target("user", found.id, found.name), operator_at_shell()
        details = {"count": ended}
        action = Action.SESSION_ENDED
        await record(session, who, action, target=target, details=details, organisation_id=owner.id)
        return ended

    return _change(settings, work)


def remove_user(settings: Settings, organisation: str, user: str) -> str:
    """Remove a user, by name or id; what they made stays. The name."""
    installation = Installation(settings)

    async def work() -> str:
        await installation.migrate()
        try:
            async with installation.database.transaction() as session:
                owner = await find_organisation(session, organisation)
                found = await _user(session, owner, user)
            await departures.remove_user(installation.database, operator_at_shell(), owner.id, found.id)
        except Problem as problem:
            raise ServiceRefused(problem.detail) from None
        return found.name

    return run_with_database(settings, work, installation)


def list_invitations(settings: Settings, organisation: str) -> list[InvitationRead]:
    """The invitations of an organisation, newest first, those whose time was over lately as well."""

    async def work(session: AsyncSession) -> list[InvitationRead]:
        owner = await find_organisation(session, organisation)
        rows = await _all(partial(accounts.list_invitations, session, owner.id, expired=True))
        return [InvitationRead.of(row) for row in rows]

    return _change(settings, work)


def revoke_invitation(settings: Settings, organisation: str, invitation_id: UUID) -> None:
    async def work(session: AsyncSession) -> None:
        owner = await find_organisation(session, organisation)
        await invitations.revoke_invitation(session, operator_at_shell(), owner.id, invitation_id)

    _change(settings, work)


def list_organisations(settings: Settings) -> list[OrganisationFigures]:
    """Every organisation by name, with how many users it has."""

    async def work(session: AsyncSession) -> list[OrganisationFigures]:
        rows = await _all(partial(accounts.list_organisations, session))
        users = await accounts.count_users(session, [row.id for row in rows])
        return [OrganisationFigures.of(row, figures=users[row.id]) for row in rows]

    return _change(settings, work)


def disable_organisation(settings: Settings, name: str, *, disabled: bool) -> None:
    """Disable an organisation, or enable it again."""

    async def work(session: AsyncSession) -> None:
        owner = await find_organisation(session, name)
        await organisations.disable(session, operator_at_shell(), owner.id, disabled=disabled)

    _change(settings, work)


def create_organisation(settings: Settings, name: str) -> UUID:
    """A new organisation; the id."""

    async def work(session: AsyncSession) -> UUID:
        return (await organisations.add_organisation(session, operator_at_shell(), name)).id

    return _change(settings, work)


def rename_organisation(settings: Settings, name: str, new_name: str) -> None:
    async def work(session: AsyncSession) -> None:
        owner = await find_organisation(session, name)
        await organisations.rename(session, operator_at_shell(), owner.id, new_name)

    _change(settings, work)
