"""The process that runs suspects, started by a worker and never by hand: `app/runner/quarantine.py` says why."""

from __future__ import annotations

import asyncio
import ctypes
import json
import os
import signal
import sys
from contextlib import suppress
from typing import Any, Final
from uuid import UUID

import uvloop

from app.commands.server import log_as_set
from app.installation import Installation
from app.kit.loop_turns import FairLoop
from app.rooms import all_rooms
from app.runner.room import make_runner
from app.runner.runner import Runner
from app.settings import read_settings

IDLE_SECONDS: Final = 20.0
"""After so long without a job it ends; it is started again when it is needed."""
_PR_SET_PDEATHSIG: Final = 1


def main() -> None:
    """Read what the parent says on the standard input, and run suspects until there are none, or the parent is gone."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)  # also while the loop hangs
    told: dict[str, Any] = json.loads(sys.stdin.buffer.readline() or b"null") or sys.exit(0)
    sections = [room.settings for room in all_rooms() if room.settings]
    settings = read_settings(sections, **told["settings"], _env_file=None)
    log_as_set(settings)
    uvloop.run(_work(Installation(settings), UUID(told["worker_id"])), loop_factory=FairLoop)


async def _work(installation: Installation, worker_id: UUID) -> None:
    over = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, over.set)
    loop.add_reader(sys.stdin.fileno(), os._exit, 0)  # the parent says nothing more: its end is read
    runner = make_runner(installation, suspects_as=worker_id)
    installation.add(Runner, runner)
    async with installation.started(serve_http=False, run_jobs=True):
        idle = 0.0
        while not over.is_set() and idle < IDLE_SECONDS:
            idle = 0.0 if runner.running else idle + 1
            with suppress(TimeoutError):
                await asyncio.wait_for(over.wait(), 1)


if __name__ == "__main__":
    main()
