"""Which user a person of the provider is, with which role: decided at each sign-in, from the groups there."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts import people, repository
from app.accounts.errors import LastAdministrator, LastOperator
from app.accounts.models import Identity
from app.accounts.openid import openid_repository
from app.accounts.openid.claims import Person
from app.accounts.openid.settings import OPERATOR, OidcSettings
from app.audit.actions import Action
from app.audit.record import Actor, Target, record
from app.auth import sessions
from app.auth.models import Organisation, User
from app.auth.permissions import ROLES
from app.auth.repository import find_first_admin, find_user, get_organisation
from app.limits.errors import QuotaExceeded

GROUPS: Final = Actor("service", "OpenID groups")
"""Who changes a role in the audit log when the provider's groups do."""
log = logging.getLogger("tranche.openid")


class Refused(Exception):
    """The person is who they say they are, and may not come in. `reason` is for the audit log, the message for them."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Grant:
    """What the groups give: None leaves it as it is in Tranche."""

    organisation: str | None
    role: str | None
    operator: bool | None = None


def grant_of(groups: frozenset[str] | None, settings: OidcSettings) -> Grant:
    """What a person in these groups may, by the highest role in the organisation of the first rule that fits.

    Refused: the groups give nothing, or the provider left them out.
    """
    rules, usual = settings.group_rules, settings.oidc_organisation
    if not rules:
        return Grant(usual, None)
    if groups is None:
        raise Refused("groups_left_out", "The provider did not say which groups you are in: there are too many.")
    fitting = [rule for rule in rules if rule.group in groups]
    organisation = fitting[0].organisation or usual if fitting else usual
    given = {rule.role for rule in fitting if (rule.organisation or usual) == organisation}
    maps_operators = any(rule.role == OPERATOR for rule in rules)
    role = max(given & ROLES.keys(), key=lambda name: len(ROLES[name]), default=settings.oidc_default_role)
    if role is None and OPERATOR in given:
        role = "viewer"
    if role is None:
        raise Refused("no_group", "None of your groups gives access.")
    return Grant(organisation, role, OPERATOR in given if maps_operators else None)


async def admit(session: AsyncSession, person: Person, settings: OidcSettings) -> tuple[User, Identity]:
    """The user that the person is, made or linked where that is wanted, with the role that the groups give.

    Raises Refused.
    """
    _check_domain(person, settings)
    grant = grant_of(person.groups, settings)
    organisation = await _organisation(session, grant.organisation)
    if organisation.disabled_at:
        raise Refused("organisation_disabled", "Your organisation is disabled. Ask whoever operates this installation.")
    await repository.lock_organisation(session, organisation.id)  # two first sign-ins at once make one user
    found = await openid_repository.find_identity(session, person.issuer, person.subject, organisation.id)
    if found:
        identity, user = found
    else:
        user = await _link(session, person, organisation, settings) or await _make(
            session, person, organisation, grant, settings
        )
        identity = Identity(
            organisation_id=organisation.id, user_id=user.id, issuer=person.issuer, subject=person.subject
        )
        session.add(identity)
        await session.flush()
    if user.deactivated_at:
        raise Refused("deactivated", "Your user was deactivated. Ask an administrator of your organisation.")
    await _apply(session, user, grant)
    for other in await openid_repository.list_users(session, person.issuer, person.subject):
        if other.id != user.id:
            await sign_out(session, other, "no_group")
    return user, identity


async def shut_out(session: AsyncSession, person: Person, refused: Refused) -> None:
    """Record that the person may not come in, and end the sessions that there are."""
    users = await openid_repository.list_users(session, person.issuer, person.subject)
    for user in users:
        await sign_out(session, user, refused.reason)
    details = {"by": "openid", "reason": refused.reason, "subject": person.subject, "email": person.email}
    target = Target("user", users[0].id, users[0].name) if users else None
    organisation_id = users[0].organisation_id if users else None
    await record(
        session,
        None,
        Action.SESSION_REFUSED,
        target=target,
        outcome="failure",
        details=details,
        organisation_id=organisation_id,
    )


async def sign_out(session: AsyncSession, user: User, reason: str) -> None:
    """End all sessions of a user whom the provider's groups do not let in any more."""
    if count := await sessions.sign_out_everywhere(session, user):
        details = {"count": count, "by": "openid", "reason": reason}
        target = Target("user", user.id, user.name)
        await record(
            session, GROUPS, Action.SESSION_ENDED, target=target, details=details, organisation_id=user.organisation_id
        )


def _check_domain(person: Person, settings: OidcSettings) -> None:
    if settings.email_domains and not (person.email_is_verified and person.domain in settings.email_domains):
        raise Refused("email_domain", "Your address is not verified, or of none of the domains that may sign in here.")


async def _organisation(session: AsyncSession, named: str | None) -> Organisation:
    if named is None:
        first = await find_first_admin(session)
        found = await get_organisation(session, first.organisation_id) if first else None
    else:
        found = await openid_repository.find_organisation(session, named)
    if found is None:
        log.error("people cannot sign in with the OpenID provider: there is no organisation %r", named)
        raise Refused("organisation_missing", "The organisation that you would belong to does not exist.")
    return found


async def _link(
    session: AsyncSession, person: Person, organisation: Organisation, settings: OidcSettings
) -> User | None:
    """The one user with the person's verified address. Never an operator: an address is no proof of who that is."""
    if not (settings.oidc_link_by_email and person.email and person.email_is_verified):
        return None
    found = await openid_repository.list_by_email(session, organisation.id, person.issuer, person.email)
    if len(found) != 1 or found[0].operator or found[0].deactivated_at:
        return None
    user = found[0]
    details = {"issuer": person.issuer, "subject": person.subject, "email": person.email}
    target = Target("user", user.id, user.name)
    await record(
        session, GROUPS, Action.IDENTITY_LINKED, target=target, details=details, organisation_id=organisation.id
    )
    return user


async def _make(
    session: AsyncSession, person: Person, organisation: Organisation, grant: Grant, settings: OidcSettings
) -> User:
    role = grant.role or settings.oidc_default_role
    if role is None or not settings.oidc_create_users:
        raise Refused("unknown", "Nobody here knows you yet. Ask an administrator for an invitation.")
    for name in _names(person):
        if await find_user(session, organisation.id, name) is None:
            break
    else:
        raise Refused("name_taken", "There is another user of your name already.")
    email = person.email if person.email_is_verified else None
    try:
        return await people.add_user(session, GROUPS, organisation.id, name=name, role=role, email=email)
    except QuotaExceeded:
        raise Refused("quota", "The organisation has as many users as it may have.") from None


def _names(person: Person) -> Iterator[str]:
    """What the user may be called: names are unique in an organisation, and people's are not."""
    yield from person.names[:1]
    for name in person.names[1:]:
        yield f"{person.names[0][:100]} ({name[:100]})"


async def _apply(session: AsyncSession, user: User, grant: Grant) -> None:
    """Give the user what the groups say; raises Refused where nobody would be left to administer."""
    changes: dict[str, Any] = {}
    if grant.role and grant.role != user.role:
        changes["role"] = grant.role
    if grant.operator is not None and grant.operator != user.operator:
        changes["operator"] = grant.operator
    if not changes:
        return
    try:
        await people.change_user(session, GROUPS, user.organisation_id, user.id, changes)
    except LastAdministrator:
        raise Refused("last_administrator", "Your groups make you no administrator, and there is no other.") from None
    except LastOperator:
        raise Refused("last_operator", "Your groups make you no operator, and there is no other.") from None
