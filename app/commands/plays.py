"""`tranche plays import`: takes over mappings that a browser kept in its localStorage."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from app.commands import ServiceRefused


def read_mappings(path: Path) -> list[dict[str, Any]]:
    """The mappings of an export, by play: `[{play_id, required_batches}]`.

    Taken are that list, an object of play ids with their numbers, and a dump of localStorage that holds either as text
    under a name with "batch" in it. Raises ServiceRefused with what cannot be read.
    """
    try:
        found = _mappings_in(json.loads(path.read_text("utf-8-sig")))
    except (ValueError, RecursionError) as error:
        raise ServiceRefused(f"{path}: {error}") from None
    if not found:
        raise ServiceRefused(f"{path} holds no mappings of plays.")
    return [{"play_id": play_id, "required_batches": found[play_id]} for play_id in sorted(found)]


def _mappings_in(value: Any) -> dict[int, list[int]]:
    if isinstance(value, list):
        return dict(_entry(entry.get("play_id"), entry.get("required_batches")) for entry in map(_object, value))
    value = _object(value)
    if value and all(str(key).lstrip("-").isdecimal() for key in value):
        return dict(_entry(key, _numbers(item)) for key, item in value.items())
    found: dict[int, list[int]] = {}
    for name, item in value.items():
        if "batch" in name.lower() or "mapping" in name.lower():
            found |= _mappings_in(json.loads(item) if isinstance(item, str) else item)
    return found


def _object(value: Any) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise ValueError(f"{json.dumps(value)[:60]} is not a mapping of a play")
    return value


def _numbers(item: Any) -> Any:
    return item.get("required_batches") if isinstance(item, Mapping) else item


def _entry(play_id: Any, numbers: Any) -> tuple[int, list[int]]:
    try:
        return int(play_id), [int(number) for number in numbers]
    except (TypeError, ValueError):
        raise ValueError(f"play {play_id!r} has {numbers!r}, not a list of batch numbers") from None
