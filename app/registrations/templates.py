"""Fills the paths and bodies of a platform's description: `{restaurant.contact.email}` becomes the restaurant's value.

Only names are looked up, member by member in JSON values: a template can reach nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote

_NAME: Final = r"[A-Za-z_][\w-]*(?:\.[\w-]+)*"
_PLACEHOLDER: Final = re.compile(rf"\{{({_NAME})\}}")
_MISSING: Final = object()


class ValueMissing(ValueError):
    """A path needs a value that is not there."""

    code = "VALUE_MISSING"


def look_up(values: Any, path: str) -> Any:
    """The member that a dotted path leads to, with numbers for places in lists; None when there is none."""
    for name in path.split("."):
        if isinstance(values, Mapping):
            values = values.get(name)
        elif isinstance(values, list) and name.isascii() and name.isdecimal() and int(name[:9]) < len(values):
            values = values[int(name[:9])]
        else:
            return None
    return values


def fill(template: Any, values: Mapping[str, Any]) -> Any:
    """The template with its placeholders replaced; None when it is one placeholder for a value that is missing.

    A text that is one placeholder becomes the value itself, whatever its type; inside a longer text the value is
    written out. Members and items whose value is missing are left out.
    """
    filled = _fill(template, values)
    return None if filled is _MISSING else filled


def _fill(template: Any, values: Mapping[str, Any]) -> Any:
    if isinstance(template, str):
        if whole := _PLACEHOLDER.fullmatch(template):
            found = look_up(values, whole[1])
            return _MISSING if found is None else found
        return _PLACEHOLDER.sub(lambda match: _text_of(look_up(values, match[1])), template)
    if isinstance(template, Mapping):
        members = {name: _fill(value, values) for name, value in template.items()}
        return {name: value for name, value in members.items() if value is not _MISSING}
    if isinstance(template, list):
        return [value for value in (_fill(item, values) for item in template) if value is not _MISSING]
    return template


def fill_path(template: str, values: Mapping[str, Any]) -> str:
    """The path with each value quoted, so that none adds a segment or a query of its own; raises ValueMissing."""

    def value_of(match: re.Match[str]) -> str:
        text = _text_of(look_up(values, match[1]))
        if text in ("", ".", ".."):
            raise ValueMissing(f"{match[1]} is missing, which {template} needs.")
        return quote(text, safe="")

    return _PLACEHOLDER.sub(value_of, template)


def _text_of(value: Any) -> str:
    match value:
        case None:
            return ""
        case bool():
            return str(value).lower()
    return str(value)
