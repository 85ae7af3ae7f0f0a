"""What is known of the request that is being answered, wherever in the code that is: its id, and who sent it."""

from __future__ import annotations

import re
from collections.abc import Hashable
from contextvars import ContextVar, Token
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from starlette.datastructures import Headers
from starlette.types import Scope

from app.kit.ids import new_id
from app.kit.loop_turns import STRANGERS, run_for

HEADER: Final = "X-Request-Id"
_READABLE: Final = re.compile(r"[A-Za-z0-9._:/+=@-]{1,128}", re.ASCII)
MOST_OF_AGENT: Final = 300
"""Characters of User-Agent that are kept."""
_NAMED_IN_PATHS: Final = ("batch_id", "job_id")


MOST_LATELY: Final = 10_000
_lately: dict[int | None, UUID] = {}
"""Whose requests showed a credential lately, by its hash: in whose turn a request is looked up, and nothing else."""


def _credential(scope: Scope) -> int | None:
    """The hash, in this process, of what the request shows as its credential; None: it shows none."""
    shown = [value for name, value in scope.get("headers", ()) if name in (b"authorization", b"cookie")]
    return hash(tuple(shown)) if shown else None


@dataclass(slots=True)
class RequestContext:
    """One request. `id` is the client's X-Request-Id, or a UUIDv7 when it sent none of the accepted form.

    `scope` is the request's ASGI scope: the peer's address is read when it is asked for, as middleware may correct it.
    Who calls is known once the credential was looked up. `problem` is the code of the problem it is answered with.
    """

    id: str
    scope: Scope
    organisation_id: UUID | None = None
    user_id: UUID | None = None
    credential_id: UUID | None = None
    problem: str | None = None

    @property
    def client_address(self) -> str | None:
        client = self.scope.get("client")
        return str(client[0]) if client and client[0] else None

    @property
    def user_agent(self) -> str | None:
        """What the client calls itself, without control characters and cut."""
        agent = Headers(scope=self.scope).get("user-agent")
        return "".join(letter for letter in agent if letter.isprintable())[:MOST_OF_AGENT] if agent else None

    @property
    def route(self) -> str | None:
        """The pattern of the path, once it is known which: what stands in its place may be a share code."""
        path = getattr(self.scope.get("route"), "path", None)
        return str(path) if path is not None else None

    def note_caller(self, organisation_id: UUID, user_id: UUID, credential_id: UUID | None) -> None:
        """Say whose request it is."""
        self.organisation_id, self.user_id, self.credential_id = organisation_id, user_id, credential_id
        run_for(organisation_id)
        if (shown := _credential(self.scope)) is not None:
            if len(_lately) >= MOST_LATELY:
                _lately.clear()
            _lately[shown] = organisation_id

    def log_fields(self) -> dict[str, str]:
        """What each line names that is logged during the request."""
        fields = {"request_id": self.id}
        if self.organisation_id:
            fields["organisation_id"] = str(self.organisation_id)
        params = self.scope.get("path_params") or {}
        return fields | {name: str(params[name])[:40] for name in _NAMED_IN_PATHS if name in params}


_current: ContextVar[RequestContext | None] = ContextVar("request", default=None)


def current_request() -> RequestContext | None:
    """The request in whose task this runs; None outside of any."""
    return _current.get()


def enter_request(context: RequestContext) -> Token[RequestContext | None]:
    """Make this the current request; `leave_request` with the token ends it."""
    run_for(turn_of(context.scope))
    return _current.set(context)


def turn_of(scope: Scope) -> Hashable:
    """In whose turn a request is looked up."""
    return _lately.get(_credential(scope), STRANGERS)


def leave_request(token: Token[RequestContext | None]) -> None:
    _current.reset(token)


def request_id_from(given: str | None) -> str:
    """The id that a client gave its request, if it has the accepted form, else a new one."""
    return given if given and _READABLE.fullmatch(given) else str(new_id())
