"""`tranche users` and `tranche organisations`: work on an installation directly, without its HTTP API."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts import invitations, organisations, people
from app.accounts import repository as accounts
from app.audit.record import operator_at_shell
from app.auth import repository
from app.auth.models import Organisation, User
from app.auth.permissions import Role
from app.auth.secrets import new_secret
from app.commands import ServiceRefused
from app.commands.administration import run_with_database
from app.installation import Installation
from app.kit.errors import Problem
from app.kit.pages import PageRequest
from app.settings import Settings

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


async def _organisation(session: AsyncSession, name: str) -> Organisation:
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


def list_users(settings: Settings, organisation: str) -> list[User]:
    """The users of an organisation, oldest first."""

    async def work(session: AsyncSession) -> list[User]:
        owner = await _organisation(session, organisation)
        return [row[0] for row in (await accounts.list_users(session, owner.id, PageRequest(MOST))).rows]

    return _change(settings, work)


def create_user(settings: Settings, organisation: str, name: str, role: Role, email: str | None) -> UUID:
    """A new user, who has no key yet; the id."""

    async def work(session: AsyncSession) -> UUID:
        owner = await _organisation(session, organisation)
        user = await people.add_user(session, operator_at_shell(), owner.id, name=name, role=role, email=email)
        return user.id

    return _change(settings, work)


def invite(settings: Settings, organisation: str, name: str, role: Role, email: str | None, days: int) -> str:
    """The address of the page that accepts a new invitation."""

    async def work(session: AsyncSession) -> str:
        owner, code = await _organisation(session, organisation), new_secret()
        who = operator_at_shell()
        await invitations.add_invitation(
            session, who, owner.id, name=name, email=email, role=role, code=code, days=days
        )
        return invitations.link_of(settings.base_url, code)

    return _change(settings, work)


def change_user(settings: Settings, organisation: str, user: str, **changes: Any) -> User:
    """Change `role`, `operator` or `active` of a user, by name or id."""

    async def work(session: AsyncSession) -> User:
        owner = await _organisation(session, organisation)
        found = await _user(session, owner, user)
        return await people.change_user(session, operator_at_shell(), owner.id, found.id, changes)

    return _change(settings, work)


def list_organisations(settings: Settings) -> list[tuple[Organisation, dict[str, int]]]:
    """Every organisation by name, with how many users it has."""

    async def work(session: AsyncSession) -> list[tuple[Organisation, dict[str, int]]]:
        rows = (await accounts.list_organisations(session, PageRequest(MOST))).rows
        users = await accounts.count_users(session, [row.id for row in rows])
        return [(row, users[row.id]) for row in rows]

    return _change(settings, work)


def create_organisation(settings: Settings, name: str) -> UUID:
    """A new organisation; the id."""

    async def work(session: AsyncSession) -> UUID:
        return (await organisations.add_organisation(session, operator_at_shell(), name)).id

    return _change(settings, work)


def rename_organisation(settings: Settings, name: str, new_name: str) -> None:
    async def work(session: AsyncSession) -> None:
        owner = await _organisation(session, name)
        await organisations.rename(session, operator_at_shell(), owner.id, new_name)

    _change(settings, work)
