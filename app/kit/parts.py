"""Long lists in parts, and large values in a thread, so that what is done with them does not keep the event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final, TypeVar

T = TypeVar("T")
R = TypeVar("R")
FEW: Final = 500
SHORT: Final = 20_000
"""Values, and characters, through which Python goes in a millisecond or two, whatever it looks for."""


def parts_of(values: Sequence[T], most: int) -> Iterator[Sequence[T]]:
    """The values in their order, at most so many at a time."""
    return (values[start : start + most] for start in range(0, len(values), most))


async def made_in_parts(values: Sequence[T], make: Callable[[T], R], most: int) -> list[R]:
    """What `make` makes of each value; after so many the event loop goes on with whatever else is to be done."""
    made: list[R] = []
    for part in parts_of(values, most):
        if made:
            await asyncio.sleep(0)
        made += map(make, part)
    return made


def is_small(value: Any) -> bool:
    """Whether a JSON value has so few values, and so little text, that going through it takes a millisecond or two."""
    values, characters, waiting = 0, 0, [value]
    while waiting:
        inside = waiting.pop()
        if isinstance(inside, Mapping):
            values += len(inside)
            waiting += inside.values()
        elif isinstance(inside, list | tuple):
            values += len(inside)
            waiting += inside
        elif isinstance(inside, str):
            characters += len(inside)
        if values > FEW or characters > SHORT:
            return False
    return True


async def beside_the_loop(value: Any, make: Callable[[], R]) -> R:
    """What `make` makes of a JSON value: in a thread where that is large."""
    return make() if is_small(value) else await asyncio.to_thread(make)
