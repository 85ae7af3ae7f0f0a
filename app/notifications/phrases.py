"""What happened to a batch, in the words of a mail or a chat message."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from app.kit.words import quantity

_SENTENCES: Final = {
    "batch.created": "was created",
    "batch.queued": "waits for its turn",
    "batch.started": "has started",
    "batch.paused": "is paused",
    "batch.resumed": "goes on",
    "batch.alerted": "has too many failures",
    "batch.cancelling": "is being cancelled",
    "batch.completed": "is done",
    "batch.partial": "is done, with failures",
    "batch.failed": "has failed",
    "batch.cancelled": "was cancelled",
}
_REASONS: Final = {
    "user": "on request",
    "failure_threshold": "too many of its jobs failed",
    "first_n": "its trial run is over",
    "PIPELINE_CHANGED": "its pipeline was changed so that it cannot go on",
}


def sentence(event_type: str, name: str, reason: str | None = None) -> str:
    """`"Name" is paused: its trial run is over`."""
    said = _SENTENCES.get(event_type, event_type.removeprefix("batch."))
    why = f": {_REASONS.get(reason, reason)}" if reason else ""
    return f'"{one_line(name)}" {said}{why}'


def counted(counters: Mapping[str, int]) -> str:
    """`12 jobs: 10 completed, 2 failed`."""
    total = counters["total"]
    parts = [
        f"{counters[name]:,} {name}"
        for name in ("completed", "failed", "cancelled", "skipped", "running", "pending")
        if counters[name]
    ]
    return f"{quantity(total, 'job')}{': ' if parts else ''}{', '.join(parts)}"


def one_line(text: str, limit: int = 200) -> str:
    """The text without anything that could break a line or hide in it."""
    shown = "".join(letter if letter.isprintable() else " " for letter in text)
    shown = " ".join(shown.split())
    return shown if len(shown) <= limit else f"{shown[: limit - 1]}…"


def duration(milliseconds: int | None) -> str:
    """`1 h 2 min`, `3 min 4 s`, `5.6 s`."""
    seconds = (milliseconds or 0) / 1000
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s"
