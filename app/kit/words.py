"""Numbers of things in sentences."""

from __future__ import annotations


def quantity(count: int, one: str, many: str | None = None) -> str:
    """`1 job`, `12,300 jobs`; `many` where the plural is not `one` with an s."""
    return f"{count:,} {one if count == 1 else many or f'{one}s'}"
