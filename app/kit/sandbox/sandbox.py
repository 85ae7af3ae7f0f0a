"""Runs CPU-bound or hostile function calls in child processes with limits, without blocking the event loop.

A fork server imports the heavy modules once and forks a fresh process for each call, so that every call starts with
clean limits and leaves nothing behind. Calls that say so share one with others of their group: small pictures of one
batch, say. Then a child that dies takes no other call along: all that it has not answered run again, each by itself.

Measured on 2 cores, Python 3.11: 5 ms a call (8 ms with all modules preloaded), 3 ms each when two run side by side;
1 ms in a group; 100 ms (300 ms) for the first one, which starts the server. Before a child reads anything that a
stranger sent it shuts itself in: it has its input, its scratch folder and its code, and no way to anything else
(decision 0026). Linux only.
"""

from __future__ import annotations

import asyncio
import logging
import pickle
import sys
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, nullcontext, suppress
from typing import TypeVar, cast

from app.kit.sandbox.answers import check_exit, find_function, read_answer
from app.kit.sandbox.cell.confinement import NOTHING, Lent
from app.kit.sandbox.cell.probe import PROTECTIONS, try_everything
from app.kit.sandbox.child import KILL_SECONDS, START_SECONDS, ForkServer
from app.kit.sandbox.errors import SandboxError, SandboxTimeout
from app.kit.sandbox.figures import count_group, counted
from app.kit.sandbox.groups import Answer, Groups, SharedCall
from app.kit.sandbox.scratch import watched
from app.kit.sandbox.server import Call, Limits
from app.kit.shares import Weigh, alike
from app.kit.turns import NOBODY, Party, Queued, Turns, Waiting

log = logging.getLogger("tranche.sandbox")
T = TypeVar("T")
FIRST_NICENESS, FURTHER_NICENESS = 10, 19
Preload = Sequence[str | tuple[str, str]]
"""Modules by name, or by name and file for those that cannot be imported by name."""


class Sandbox:
    """At most `workers` child processes at once, and `spare` more; a call beyond that waits for its turn (`Turns`).

    `memory_bytes` is the address space a call may add to what the preloaded modules already map, `cpu_seconds` its
    processor time, `max_result` the size of its answer in bytes (JSON may have an eighth of that), `scratch_bytes` what
    the folders that are lent to it may hold on the disk at a time. `preload` names the modules that the server imports
    once.
    """

    def __init__(
        self,
        *,
        workers: int,
        memory_bytes: int,
        cpu_seconds: int,
        preload: Preload = (),
        max_result: int = 2**26,
        scratch_bytes: int = 2**32,
        spare: int = 0,
        most: int | None = None,
        weigh: Weigh = alike,
    ) -> None:
        self._memory_bytes, self._cpu_seconds, self._max_result = memory_bytes, cpu_seconds, max_result
        self._scratch_bytes = scratch_bytes
        self._server = ForkServer([(entry, None) if isinstance(entry, str) else entry for entry in preload])
        self._turns = Turns(workers, spare=spare, most=most, weigh=weigh)
        self._groups = Groups(self._turns, self._serve_group)
        self._with_first: set[Hashable] = set()

    async def start(self) -> None:
        """Start the fork server and wait until it has imported its modules. ChildLost: it cannot.

        What this system does not keep children from is a warning in the log.
        """
        self._server.allow()
        held = await self.run(try_everything, timeout=START_SECONDS)
        for name, sentence in PROTECTIONS.items():
            if not held[name]:
                log.warning("a protection of children is missing (%s): %s", name, sentence)

    async def stop(self) -> None:
        """Kill what still runs (those calls raise ChildLost) and end the fork server."""
        await self._server.stop()

    async def run(
        self,
        function: Callable[..., T] | str,
        *args: object,
        timeout: float,
        memory_bytes: int | None = None,
        cpu_seconds: int | None = None,
        group: Hashable = None,
        lent: Lent = NOTHING,
        owner: Party = NOBODY,
        waiting: Waiting = nullcontext,
    ) -> T:
        """Call `function(*args)` in a child and return what it returned.

        A function of the top level of a module, or its name as `package.module:function`: then only the child imports
        the module, and the caller says what type the result has. It is found by its module and name, or through its
        module's file when that cannot be imported by name. ValueError: it can have no such name; AttributeError and
        ModuleNotFoundError: there is none of that name.

        Arguments are pickled. The result is a JSON value, or bytes; tuples come back as lists. `timeout` is in seconds
        of wall time from the moment the child exists, or has answered the call before; `memory_bytes` replaces the
        sandbox's own, `cpu_seconds` too where it is less.

        What the function raises is raised here as well if its class is a built-in one, or of the function's own package
        (of its room, in the service), and its arguments and attributes are JSON values; anything else becomes
        SandboxCrashed.

        Files and folders are closed to a child but for those that are `lent`: it sees them under other names, and what
        names them in the arguments, as a text or path by itself or in lists and dictionaries, is changed accordingly.
        Calls of a group see what is lent to the others of it too.

        Without a `group` the child is the call's own: cancelling kills it, and it is gone when this returns or raises.
        Calls of one group may share a child, one after the other. A call that takes it over can forge the answers of
        those behind it, so a group is of one owner; and since they share its memory and its processor time, its calls
        are small ones.

        `owner` is in whose turn the call runs; `waiting` is entered while it waits for one.
        """
        call = find_function(function)
        request = pickle.dumps(pickle.dumps(args))
        if group is not None and memory_bytes is cpu_seconds is None:
            shared = SharedCall(call, request, timeout, lent)
            if answer := await self._groups.answer(group, shared, owner, waiting):
                return cast(T, await read_answer(call, *answer))
        limits = self._limits([call], lent, memory_bytes, cpu_seconds)
        return cast(T, await self._run_alone(call, request, timeout, limits, owner, waiting))

    @contextmanager
    def _niceness(self, organisation: Hashable) -> Iterator[int]:
        """How nice a new child is to be: of those of an organisation one goes before all further ones of anybody."""
        first = organisation not in self._with_first
        if first:
            self._with_first.add(organisation)
        try:
            yield FIRST_NICENESS if first else FURTHER_NICENESS
        finally:
            if first:
                self._with_first.discard(organisation)

    @property
    def running(self) -> int:
        """Children that run now."""
        return self._turns.held

    @property
    def slots(self) -> int:
        return self._turns.slots

    def queue(self) -> Mapping[Party, Queued]:
        """What waits for a child, batch by batch: calls, or groups of them."""
        return self._turns.queue()

    def _limits(
        self, calls: list[Call], lent: Lent, memory_bytes: int | None = None, cpu_seconds: int | None = None
    ) -> Limits:
        seconds = min(cpu_seconds or self._cpu_seconds, self._cpu_seconds)
        return Limits(sys.path, memory_bytes or self._memory_bytes, seconds, calls, lent, FURTHER_NICENESS)

    async def _run_alone(
        self, call: Call, request: bytes, timeout: float, limits: Limits, owner: Party, waiting: Waiting
    ) -> object:
        with ExitStack() as held:
            with waiting():
                turn = await self._turns.wait(owner)
                held.callback(self._turns.give_back, turn)
                limits = limits._replace(niceness=held.enter_context(self._niceness(owner.organisation)))
                child = held.enter_context(await self._server.fork())
            held.enter_context(counted())
            try:
                async with watched(child, limits.lent.folders, self._scratch_bytes) as watch, asyncio.timeout(timeout):
                    await child.send(pickle.dumps(limits) + request)
                    answer = await child.receive(self._max_result)
                    code = await child.exit_code()
            except BaseException as error:
                await child.kill()
                if isinstance(error, TimeoutError):
                    raise _too_slow(call, timeout) from None
                raise
            if watch.problem:
                raise watch.problem
            check_exit(call, limits, code, answered=answer is not None)
        assert answer
        return await read_answer(call, *answer)

    async def _serve_group(
        self, group: Sequence[SharedCall], owner: Party
    ) -> dict[SharedCall, Answer | SandboxTimeout]:
        """Make the calls in one child, in order, for as long as it lives; what came of those that were made."""
        lent = Lent(*(tuple({path for shared in group for path in shared.lent[kind]}) for kind in range(2)))
        limits = self._limits([shared.call for shared in group], lent)
        with self._niceness(owner.organisation) as niceness:
            return await self._make_calls(group, limits._replace(niceness=niceness))

    async def _make_calls(
        self, group: Sequence[SharedCall], limits: Limits
    ) -> dict[SharedCall, Answer | SandboxTimeout]:
        request = pickle.dumps(limits) + b"".join(shared.request for shared in group)
        found: dict[SharedCall, Answer | SandboxTimeout] = {}
        with suppress(SandboxError), await self._server.fork() as child:
            sending = asyncio.create_task(child.send(request))  # while answers come: neither side may wait for ever
            try:
                async with watched(child, limits.lent.folders, self._scratch_bytes):
                    for shared in group:
                        async with asyncio.timeout(shared.timeout):
                            if not (answer := await child.receive(self._max_result)):
                                break
                        found[shared] = answer
                    async with asyncio.timeout(KILL_SECONDS):
                        await child.exit_code()
            except BaseException as error:
                await child.kill()
                if not isinstance(error, TimeoutError):
                    raise
                if len(found) < len(group):
                    late = group[len(found)]
                    found[late] = _too_slow(late.call, late.timeout)
            finally:
                count_group(found.values(), whole=len(found) == len(group))
                sending.cancel()
                await asyncio.wait([sending])
        return found


def _too_slow(call: Call, timeout: float) -> SandboxTimeout:
    return SandboxTimeout(f"{call.qualname} took longer than {timeout:g} seconds.")
