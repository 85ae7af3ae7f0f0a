"""A person as the provider describes them: providers name groups, names and addresses in different shapes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from pydantic import TypeAdapter, ValidationError

from app.accounts.openid.settings import GOOGLE, OidcSettings
from app.accounts.people_schemas import Email
from app.kit.schemas import check_text

LONGEST_NAME: Final = 200
_EMAIL: Final = TypeAdapter(Email)


@dataclass(frozen=True, slots=True)
class Person:
    """Who signed in: `issuer` and `subject` say who it is, nothing else does.

    `names` are what the person may be called, the best first. `groups` is None where the provider left them out
    because they are too many. `session_id` is the provider's own session, `domain` whose account it is.
    """

    issuer: str
    subject: str
    names: tuple[str, ...]
    email: str | None
    email_is_verified: bool
    groups: frozenset[str] | None
    session_id: str | None = None
    domain: str | None = None


def person_of(issuer: str, claims: Mapping[str, Any], settings: OidcSettings) -> Person:
    """The person whom these claims of an ID token, and of the userinfo endpoint, describe."""
    email = _email(claims.get("email"))
    named = (claims.get(name) for name in ("name", "preferred_username", "email", "sub"))
    session_id = claims.get("sid")
    return Person(
        issuer=issuer,
        subject=claims["sub"],
        names=tuple(dict.fromkeys(name for value in named if (name := _name(value)))),
        email=email,
        email_is_verified=email is not None and _is_verified(claims, settings),
        groups=groups_of(claims, settings.oidc_groups_claim),
        session_id=session_id if isinstance(session_id, str) and is_text(session_id) else None,
        domain=_domain(issuer, claims, email),
    )


def groups_of(claims: Mapping[str, Any], path: str) -> frozenset[str] | None:
    """The groups at a path: a list of names, one name, names by comma, or an object whose members are named so.

    None where there are too many for a token: Entra then names another place instead (`_claim_names`).
    """
    found = claim_at(claims, path)
    if found is None and (_is_elsewhere(claims, path) or claims.get("hasgroups") is True):
        return None
    if isinstance(found, str):
        found = [found, *found.split(",")]
    names = found if isinstance(found, (list, Mapping)) else []
    return frozenset(name.strip() for name in names if isinstance(name, str) and name.strip())


def claim_at(claims: Any, path: str) -> Any:
    """What stands at `a.b.c`. Names of claims may have dots themselves, as URLs do."""
    if not isinstance(claims, Mapping):
        return None
    if path in claims:
        return claims[path]
    for index, letter in enumerate(path):
        if letter == "." and path[:index] in claims:
            found = claim_at(claims[path[:index]], path[index + 1 :])
            if found is not None:
                return found
    return None


def is_text(value: str) -> bool:
    """Whether the database's text can hold it."""
    try:
        check_text(value)
    except ValueError:
        return False
    return True


def _is_elsewhere(claims: Mapping[str, Any], path: str) -> bool:
    names = claims.get("_claim_names")
    return isinstance(names, Mapping) and path in names


def _is_verified(claims: Mapping[str, Any], settings: OidcSettings) -> bool:
    """Some providers send the word; one that says nothing is trusted only where the operator does so."""
    said = claims.get("email_verified")
    return settings.oidc_trust_email if said is None else said is True or said == "true"


def _domain(issuer: str, claims: Mapping[str, Any], email: str | None) -> str | None:
    """Google names the organisation of an account; its own accounts may have an address of any."""
    if issuer.rstrip("/") == GOOGLE:
        hosted = claims.get("hd")
        return hosted.lower() if isinstance(hosted, str) else None
    return email.rpartition("@")[2].lower() if email else None


def _email(value: object) -> str | None:
    try:
        return _EMAIL.validate_python(value, strict=True)
    except ValidationError:
        return None


def _name(value: object) -> str:
    if not isinstance(value, str):
        return ""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in value).split())[:LONGEST_NAME]
