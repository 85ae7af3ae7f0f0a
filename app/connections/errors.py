"""What is wrong with a request: the problems that this room answers with."""

from __future__ import annotations

from typing import Self

from app.kit.errors import NotFound, Unprocessable


class ConnectionUnknown(NotFound):
    """There is no outside service of this name."""

    code, title = "unknown_connection", "Unknown connection"


class ConnectionNotSet(NotFound):
    """The organisation has no account of its own for this service."""

    code, title = "connection_not_set", "Connection not set"

    @classmethod
    def of(cls, title: str) -> Self:
        return cls(f"The organisation has no account of its own for {title}.")


class ConnectionMissing(Unprocessable):
    """The batch asks for a service that its organisation has no account for; `connections` names each such service."""

    code, title = "connection_missing", "No account for this service"


class ConnectionRefused(Unprocessable):
    """The account was tried and does not work; `detail` says why."""

    code, title = "connection_refused", "The account does not work"


class AllowanceNotValid(Unprocessable):
    """An entry is neither a host nor an address nor a network."""

    code, title = "allowance_not_valid", "Not a host or network"


class OrganisationUnknown(NotFound):
    """There is no organisation with this id or name."""

    code, title = "unknown_organisation", "Unknown organisation"
