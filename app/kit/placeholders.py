"""Fills `{{ path.to.value }}` in texts that users write: values only, no code, so that a text cannot do anything.

A JSON value is filled in as a tree, so that no value can break out of its place in it, and once: what a value contains
is not looked at again. A path goes through objects by name and through lists by number.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final, Literal
from urllib.parse import quote

_PLACE: Final = re.compile(r"{{([^{}]*)}}")  # what blanks stand around a path are stripped: a pattern would be cubic
MISSING: Final = object()
"""What `look_up` answers when a path leads nowhere."""


class PlaceholderUnknown(ValueError):
    """A text names a value that is not there; `path` says which."""

    def __init__(self, path: str) -> None:
        super().__init__(f"there is no value {path}")
        self.path = path


class ValueMissing(ValueError):
    """An address needs a value that is missing or empty."""

    code = "VALUE_MISSING"


def placeholders_in(value: Any) -> Iterator[str]:
    """The paths between double braces, anywhere in a JSON value."""
    match value:
        case str():
            yield from map(str.strip, _PLACE.findall(value))
        case Mapping():
            for key, item in value.items():
                yield from map(str.strip, _PLACE.findall(key))
                yield from placeholders_in(item)
        case list():
            for item in value:
                yield from placeholders_in(item)


def look_up(values: Any, path: str, default: Any = MISSING) -> Any:
    """The value at a path; the default where it leads nowhere."""
    for part in path.split("."):
        if isinstance(values, Mapping):
            values = values.get(part, MISSING)
        elif isinstance(values, list) and part.isascii() and part.isdecimal() and len(part) < 6:
            values = values[int(part)] if int(part) < len(values) else MISSING
        else:
            return default
    return default if values is MISSING else values


def fill(value: Any, values: Mapping[str, Any], *, missing: Literal["refused", "null", "omitted"] = "refused") -> Any:
    """The JSON value with every placeholder replaced. A text that is one placeholder takes the value's own type.

    A path that leads nowhere raises PlaceholderUnknown, or is null. With `omitted` members and items that are one
    placeholder for null, or for nothing, are left out as well.
    """

    def found(path: str) -> Any:
        there = look_up(values, path)
        if there is MISSING and missing == "refused":
            raise PlaceholderUnknown(path)
        return None if there is MISSING else there

    def stays(item: Any) -> bool:
        whole = _PLACE.fullmatch(item) if missing == "omitted" and isinstance(item, str) else None
        return whole is None or found(whole[1].strip()) is not None

    return _fill(value, found, stays)


def fill_text(text: str, values: Mapping[str, Any], quoted: Callable[[str], str]) -> str:
    """A text with each value's text `quoted` for where it stands; raises PlaceholderUnknown."""

    def found(path: str) -> str:
        there = look_up(values, path)
        if there is MISSING:
            raise PlaceholderUnknown(path)
        return quoted(as_text(there))

    return _PLACE.sub(lambda place: found(place[1].strip()), text)


def fill_path(template: str, values: Mapping[str, Any]) -> str:
    """A path with each value quoted, so that none adds a segment or a query of its own; raises ValueMissing."""

    def quoted(text: str) -> str:
        if text in ("", ".", ".."):
            raise ValueMissing(f"A value is missing that {template} needs.")
        return quote(text, safe="")

    try:
        return fill_text(template, values, quoted)
    except PlaceholderUnknown as error:
        raise ValueMissing(f"{error.path} is missing, which {template} needs.") from None


def as_text(value: Any) -> str:
    """A value inside a text: nothing for null, JSON for what is no text."""
    return "" if value is None else value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _fill(value: Any, found: Callable[[str], Any], stays: Callable[[Any], bool]) -> Any:
    match value:
        case str():
            if whole := _PLACE.fullmatch(value):
                return found(whole[1].strip())
            return _PLACE.sub(lambda place: as_text(found(place[1].strip())), value)
        case Mapping():
            kept = [(key, item) for key, item in value.items() if stays(item)]
            return {as_text(_fill(key, found, stays)): _fill(item, found, stays) for key, item in kept}
        case Sequence():
            return [_fill(item, found, stays) for item in value if stays(item)]
    return value
