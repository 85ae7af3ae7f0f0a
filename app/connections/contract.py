"""What rooms declare of the outside services that they use: the shape of an account, and how it is tried out.

A room lists its `ConnectionKind`s in `connections` of its `room.py`; an organisation's administrators fill them in.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import httpx
from pydantic import BaseModel, ConfigDict

from app.kit.secrets.secret_type import Secret

__all__ = ["Account", "AccountRefused", "ConnectionKind", "Reach", "Secret"]


class Account(BaseModel):
    """Base class of what an account of an outside service consists of; its secrets are of the type Secret."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True, frozen=True)


A = TypeVar("A", bound=Account)


@dataclass(frozen=True, slots=True)
class Reach:
    """What an organisation may reach: by `http`, or by other means what is public, and what `allow` names."""

    http: httpx.AsyncClient
    allow: tuple[str, ...]


class AccountRefused(Exception):
    """The service was reached and does not take the account; the message says so without the secret."""


@dataclass(frozen=True, slots=True)
class ConnectionKind(Generic[A]):
    """An outside service.

    `test` asks it for the cheapest thing that needs the account: it returns a sentence, and raises AccountRefused, or
    what httpx raises. `installation` is the account of the
    installation's own settings, if they have one. `setting` is what an operator sets for that.
    """

    key: str
    title: str
    account: type[A]
    test: Callable[[Reach, A], Awaitable[str]]
    installation: A | None = None
    setting: str = ""


AnyKind = ConnectionKind[Any]
