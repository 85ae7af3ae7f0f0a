"""What callers may do: five permissions, the roles that come with them, and the scopes that narrow a key."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final, Literal


class Permission(StrEnum):
    """What a route asks of its caller; each route asks for exactly one."""

    READ = "read"
    """See what the organisation has: batches, results, events, files."""
    SUBMIT = "submit"
    """Store files, make batches and drafts, start them, run templates and plays."""
    MANAGE = "manage"
    """Change, cancel, delete and share what is there."""
    ADMIN = "admin"
    """Keys, users, webhooks and settings of the organisation."""
    OPERATE = "operate"
    """The installation: its workers, storage and figures, and all organisations."""


Role = Literal["viewer", "member", "admin"]
Scope = Literal["read", "submit", "manage", "admin"]
"""What a key can be narrowed to. A key with scopes never operates the installation."""
Permissions = frozenset[Permission]
ROLES: Final[Mapping[str, Permissions]] = MappingProxyType(
    {
        "viewer": frozenset({Permission.READ}),
        "member": frozenset({Permission.READ, Permission.SUBMIT, Permission.MANAGE}),
        "admin": frozenset(Permission) - {Permission.OPERATE},
    }
)


_WHOLE_ORGANISATION: Final = frozenset({Permission.ADMIN, Permission.OPERATE})


def permissions_of(
    role: str, *, operator: bool, scopes: Iterable[str] | None = None, limited: bool = False
) -> Permissions:
    """What a user may do, through a key that is narrowed to `scopes`, or to nothing where they are None.

    A key that is `limited` to pipelines administers nothing: what administrators do concerns all pipelines.
    """
    found = ROLES[role] | ({Permission.OPERATE} if operator else set())
    if limited:
        found -= _WHOLE_ORGANISATION
    return found if scopes is None else found & {Permission(scope) for scope in scopes}
