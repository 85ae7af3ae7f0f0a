"""Uploads for Prometheus."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import wraps
from typing import Final, ParamSpec, TypeVar

from app.kit.errors import Problem
from app.kit.metrics import counter

P = ParamSpec("P")
T = TypeVar("T")
FILES: Final = counter("tranche_stored_files_total", "Contents of uploads and results that were stored, known ones too")
BYTES: Final = counter("tranche_stored_bytes_total", "Their bytes")
REFUSED: Final = counter("tranche_uploads_refused_total", "Uploads that were refused, by problem", ("code",))


def refusals_counted(
    receive: Callable[P, AbstractAsyncContextManager[T]],
) -> Callable[P, AbstractAsyncContextManager[T]]:
    """The context manager, which counts the problems that end it."""

    @asynccontextmanager
    @wraps(receive)
    async def counting(*args: P.args, **kwargs: P.kwargs) -> AsyncIterator[T]:
        try:
            async with receive(*args, **kwargs) as received:
                yield received
        except Problem as problem:
            REFUSED.labels(problem.code).inc()
            raise

    return counting
