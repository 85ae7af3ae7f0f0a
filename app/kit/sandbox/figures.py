"""Children for Prometheus: how they ended."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Final

from app.kit.metrics import counter
from app.kit.sandbox.errors import SandboxCrashed, SandboxError

ENDED: Final = counter(
    "tranche_children_ended_total",
    "Reader processes that ended: answered, cancelled, or killed for the reason that the code says",
    ("reason",),
    known=("answered", *(kind.code.lower() for kind in SandboxError.__subclasses__())),
)


@contextmanager
def counted() -> Iterator[None]:
    """A block in which a child answers one call."""
    reason = "answered"
    try:
        yield
    except SandboxError as error:
        reason = error.code.lower()
        raise
    except asyncio.CancelledError:
        reason = "cancelled"
        raise
    finally:
        ENDED.labels(reason).inc()


def count_group(found: Iterable[object], *, whole: bool) -> None:
    """Count a child that was given several calls; `whole`: it came to each of them."""
    late = next((one for one in found if isinstance(one, SandboxError)), None)
    code = late.code if late else "answered" if whole else SandboxCrashed.code
    ENDED.labels(code.lower()).inc()
