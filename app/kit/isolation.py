"""One unit of a loop that fails keeps no other from its turn: it is logged, and the others go on."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence
from typing import TypeVar

from app.kit.outage import Outage

T = TypeVar("T")


async def each(
    units: Iterable[T], work: Callable[[T], Awaitable[object]], log: logging.Logger, what: Callable[[T], str]
) -> None:
    """Work on the units one after another; `what` says in the log which of them failed.

    An outage that lasts is raised at once, as the others would meet it too; another one when the rest is done.
    """
    outage: Outage | None = None
    for unit in units:
        try:
            await work(unit)
        except Outage as error:
            if error.lasting:
                raise
            outage = outage or error
        except Exception:
            log.exception("%s failed; the others go on", what(unit))
    if outage:
        raise outage


async def together(
    units: Collection[T],
    work: Callable[[Sequence[T]], Awaitable[object]],
    log: logging.Logger,
    what: Callable[[T], str],
) -> None:
    """Work on all units at once; where that fails, on each by itself, as it may be the fault of one.

    `work` must be harmless to repeat after it has raised. Raises outages as `each` does.
    """
    try:
        await work(list(units))
    except Outage:
        raise
    except Exception:
        await each(units, lambda unit: work([unit]), log, what)
