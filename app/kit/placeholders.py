"""Fills `{{ path.to.value }}` in texts that users write: values only, no code, so that a text cannot do anything.

A JSON value is filled in as a tree, so that no value can break out of its place in it, and once: what a value contains
is not looked at again. A path goes through objects by name and through lists by number.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

_PLACE: Final = re.compile(r"{{\s*([^{}]*?)\s*}}")
MISSING: Final = object()
"""What `look_up` answers when a path leads nowhere."""


class PlaceholderUnknown(ValueError):
    """A text names a value that is not there; `path` says which."""

    def __init__(self, path: str) -> None:
        super().__init__(f"there is no value {path}")
        self.path = path


def placeholders_in(value: Any) -> Iterator[str]:
    """The paths between double braces, anywhere in a JSON value."""
    match value:
        case str():
            yield from _PLACE.findall(value)
        case Mapping():
            for key, item in value.items():
                yield from _PLACE.findall(key)
                yield from placeholders_in(item)
        case list():
            for item in value:
                yield from placeholders_in(item)


def look_up(values: Any, path: str) -> Any:
    """The value at a path, or MISSING."""
    for part in path.split("."):
        if isinstance(values, Mapping):
            values = values.get(part, MISSING)
        elif isinstance(values, list) and part.isascii() and part.isdecimal() and len(part) < 6:
            values = values[int(part)] if int(part) < len(values) else MISSING
        else:
            return MISSING
    return values


def fill(value: Any, values: Mapping[str, Any], *, missing_is_null: bool = False) -> Any:
    """The JSON value with every placeholder replaced. A text that is one placeholder takes the value's own type.

    Raises PlaceholderUnknown for a path that leads nowhere, unless `missing_is_null`.
    """

    def found(path: str) -> Any:
        there = look_up(values, path)
        if there is MISSING and not missing_is_null:
            raise PlaceholderUnknown(path)
        return None if there is MISSING else there

    return _fill(value, found)


def fill_text(text: str, values: Mapping[str, Any], quoted: Callable[[str], str]) -> str:
    """A text with each value's text `quoted` for where it stands, such as in an address; raises PlaceholderUnknown."""

    def found(path: str) -> str:
        there = look_up(values, path)
        if there is MISSING:
            raise PlaceholderUnknown(path)
        return quoted(as_text(there))

    return _PLACE.sub(lambda place: found(place[1]), text)


def as_text(value: Any) -> str:
    """A value inside a text: nothing for null, JSON for what is no text."""
    return "" if value is None else value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _fill(value: Any, found: Callable[[str], Any]) -> Any:
    match value:
        case str():
            if whole := _PLACE.fullmatch(value):
                return found(whole[1])
            return _PLACE.sub(lambda place: as_text(found(place[1])), value)
        case Mapping():
            return {as_text(_fill(key, found)): _fill(item, found) for key, item in value.items()}
        case Sequence():
            return [_fill(item, found) for item in value]
    return value
