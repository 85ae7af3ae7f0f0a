"""Streams that are opened at the door: many together, before the application is asked.

When the service is back, thousands of clients come at once. For each the application would make a task and a stack of
frames, 20 KB; here those who come together are looked up together, and each then costs what it needs by itself, half
the processor time (measured). Whatever is not plain is left to the application: every refusal, a log that has ended or
that begins later than asked for, keys that are limited to pipelines, browsers, organisations with a limit of streams.
"""

from __future__ import annotations

import asyncio
import logging
import re
import time
from collections.abc import Callable, Hashable, Iterable
from functools import partial
from typing import Final, NamedTuple
from urllib.parse import unquote
from uuid import UUID

from fastapi import Request
from starlette.types import Scope

from app.audit.refusals import Refusals
from app.auth.admission import Admission
from app.auth.caller import Caller, Callers, caller_of
from app.auth.permissions import Permission
from app.batches.log import LogEnds
from app.batches.states import BATCH_TERMINAL
from app.events.frames import opening_frame
from app.events.hub import Hub
from app.events.reader import Reader
from app.events.stream import HEADERS
from app.kit.container import Container
from app.kit.errors import Problem
from app.kit.loop_lag import LoopLag
from app.kit.loop_turns import context_for, run_for
from app.kit.room import Rooms
from app.kit.tracing import is_on
from app.kit.web.access_log import tell_of_stream
from app.kit.web.door import Held
from app.kit.web.proxies import Origins, TrustedProxies
from app.kit.web.public_address import PublicAddress
from app.kit.web.request_context import HEADER, RequestContext, request_id_from, turn_of
from app.kit.web.security_headers import hsts_of
from app.limits.middleware import RateHeaders
from app.limits.rates import NOTED, Standing, rate_headers
from app.limits.streams import StreamSlots
from app.settings import Settings

log = logging.getLogger("tranche.streams")
ROUTE: Final = "/api/batches/{batch_id}/events"
AT_A_TIME: Final = 256
"""Openings that are looked up together."""
IN_A_ROW: Final = 8
"""Openings before the loop gets a turn: about a millisecond of it."""
_QUERY: Final = re.compile(rb"last_event_id=([0-9]{1,18})")
_NUMBER: Final = re.compile(rb"[0-9]{1,18}")
_BEARER: Final = re.compile(rb"[Bb]earer +([!-~]+)")
_NOT_PLAIN: Final = frozenset({b"content-length", b"transfer-encoding", b"expect", b"upgrade"})
_SEEN_THROUGH: Final = frozenset({Refusals, RateHeaders})
"""The middleware of rooms whose part in a stream's answer is done here as well."""
_HEADERS: Final = tuple((name.lower().encode(), value.encode()) for name, value in HEADERS.items())
_NO_SNIFFING: Final = (b"x-content-type-options", b"nosniff")


class _Route(NamedTuple):
    path: str


class _Asked(NamedTuple):
    """A request for a stream: what is in it, and when it came."""

    held: Held
    scope: Scope
    key: str
    batch_id: UUID
    cursor: int
    request_id: str
    began: float


class Openings:
    """A `Door` of `app.kit.web.door`."""

    def __init__(self, container: Container) -> None:
        settings = container.get(Settings)
        self._callers, self._hub = container.get(Callers), container.get(Hub)
        self._slots, self._container = container.get(StreamSlots), container
        self._stir = container.get(LoopLag).stir
        proxies = TrustedProxies(settings.trusted_proxies.split(","))
        self._origins = Origins(proxies, standard=settings.proxy_header == "forwarded")
        root = re.escape(unquote(PublicAddress.of(settings.base_url).root))
        self._path = re.compile(rf"(?:{root})?/api/batches/([0-9a-fA-F-]{{36}})/events")
        self._hsts = hsts_of(settings.hsts_seconds, subdomains=settings.hsts_subdomains).encode()
        self._is_closed = any(one not in _SEEN_THROUGH for room in container.get(Rooms) for one in room.middleware)
        self._waiting: dict[Hashable, list[_Asked]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def show(self, held: Held, scope: Scope) -> Callable[[], None] | None:
        """See `Door`."""
        if not scope["path"].endswith("/events") or scope["method"] != "GET" or self._is_closed:
            return None
        asked = None if is_on() or self._hub.stopping.is_set() else self._read(held, scope)
        return partial(self._wait, asked) if asked else None

    def _read(self, held: Held, scope: Scope) -> _Asked | None:
        path, query = self._path.fullmatch(scope["path"]), scope["query_string"]
        found: dict[bytes, bytes] = {}
        for name, value in scope["headers"]:
            found.setdefault(name, value)
        key = _BEARER.fullmatch(found.get(b"authorization", b""))
        position = found.get(b"last-event-id")
        if position is None and query:
            given = _QUERY.fullmatch(query)
            position, query = (given[1], b"") if given else (None, query)
        if not path or not key or query or b"text/event-stream" not in found.get(b"accept", b""):
            return None
        if not _NOT_PLAIN.isdisjoint(found) or (position and not _NUMBER.fullmatch(position)):
            return None
        try:
            batch_id = UUID(path[1])
        except ValueError:
            return None
        request_id = request_id_from(found.get(HEADER.lower().encode(), b"").decode("latin-1"))
        return _Asked(held, scope, key[1].decode(), batch_id, int(position or 0), request_id, time.perf_counter())

    def _wait(self, asked: _Asked) -> None:
        turn = turn_of(asked.scope)
        waiting = self._waiting.get(turn)
        if waiting is None:
            waiting = self._waiting[turn] = []
            task = asyncio.get_running_loop().create_task(self._open_all(turn, waiting), context=context_for(turn))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        waiting.append(asked)

    async def _open_all(self, turn: Hashable, waiting: list[_Asked]) -> None:
        self._stir()
        try:
            while waiting:
                some = waiting[:AT_A_TIME]
                del waiting[:AT_A_TIME]
                await self._open(turn, some)
        finally:
            del self._waiting[turn]

    async def _open(self, turn: Hashable, some: list[_Asked]) -> None:
        try:
            callers = await self._find_callers(some)
            theirs = [(callers[one.key].organisation_id, one.batch_id) for one in some if one.key in callers]
            logs = await self._find_logs(set(theirs))
        except Exception:
            callers, logs = {}, {}  # the application meets the same, and says so
        for place, one in enumerate(some, 1):
            caller = callers.get(one.key)
            ends = logs.get((caller.organisation_id, one.batch_id)) if caller else None
            try:
                is_open = caller is not None and ends is not None and await self._begin(one, caller, ends)
            except Exception:
                log.exception("a stream could not be opened at the door")
                is_open = False
            if not is_open:
                one.held.serve()
            run_for(turn)
            if not place % IN_A_ROW:
                await asyncio.sleep(0)

    async def _find_callers(self, some: Iterable[_Asked]) -> dict[str, Caller]:
        """By their keys, those whose streams nothing limits but what is asked at each."""
        scopes = {one.key: one.scope for one in some}
        found = await asyncio.gather(*map(self._callers.find_by_key, scopes), return_exceptions=True)
        callers = {
            key: caller_of(Request(scope), credential)
            for (key, scope), credential in zip(scopes.items(), found, strict=True)
            if credential and not isinstance(credential, BaseException)
        }
        plain = {k: one for k, one in callers.items() if one.pipelines is None and Permission.READ in one.permissions}
        organisations = {one.organisation_id for one in plain.values()}
        limits = dict(zip(organisations, await asyncio.gather(*map(self._slots.limit_of, organisations)), strict=True))
        return {key: one for key, one in plain.items() if limits[one.organisation_id] is None}

    async def _find_logs(self, wanted: Iterable[tuple[UUID, UUID]]) -> dict[tuple[UUID, UUID], LogEnds | None]:
        asked = list(wanted)
        found = await asyncio.gather(*(self._hub.find_ends(*one) for one in asked))
        return dict(zip(asked, found, strict=True))

    async def _begin(self, asked: _Asked, caller: Caller, ends: LogEnds) -> bool:
        """Answer with the stream, unless that is the application's to do."""
        hub, last = self._hub, ends.last_event_id
        if asked.cursor > last or ends.oldest is None or asked.cursor + 1 < ends.oldest or hub.stopping.is_set():
            return False
        if (ends.status in BATCH_TERMINAL and asked.cursor == last) or not hub.admission.has_place(caller):
            return False
        seat = hub.admission.admit(caller)
        try:
            await self._container.get(Admission).admit(Request(asked.scope), caller)
        except Problem:
            seat.release()
            _forget_refusals(asked.scope)
            return False
        except BaseException:
            seat.release()
            raise
        reader = Reader(hub, hub.follow(asked.batch_id, caller.organisation_id, last), asked.cursor, seat)
        try:
            context = RequestContext(asked.request_id, self._as_routed(asked))
            is_answered = asked.held.answer(reader, self._headers(context, last))
        except BaseException:
            reader.connection_lost(None)
            raise
        if not is_answered:
            reader.connection_lost(None)
            return False
        context.note_caller(caller.organisation_id, caller.user_id, caller.credential_id)
        tell_of_stream(reader, context, asked.began)
        if not reader.is_over:
            hub.readers.add(reader)
            reader.start(opening_frame())
        return True

    def _as_routed(self, asked: _Asked) -> Scope:
        """The request's scope as it is within the application."""
        scope = {**asked.scope, "route": _Route(ROUTE), "path_params": {"batch_id": str(asked.batch_id)}}
        self._origins.correct(scope)
        return scope

    def _headers(self, context: RequestContext, last: int) -> list[tuple[bytes, bytes]]:
        headers = [*_HEADERS, (b"last-event-id", b"%d" % last), *rate_headers(context.scope)]
        headers += [(HEADER.lower().encode(), context.id.encode()), _NO_SNIFFING]
        if self._hsts and context.scope["scheme"] == "https":
            headers.append((b"strict-transport-security", self._hsts))
        return headers


def _forget_refusals(scope: Scope) -> None:
    """Have the application count again what was refused, which then is refused again, and not the rest."""
    noted: dict[str, Standing] = scope.get(NOTED, {})
    scope[NOTED] = {name: standing for name, standing in noted.items() if standing.allowed}
