"""Fills the paths and bodies of a platform's description: `{{restaurant.city}}` becomes the restaurant's city.

As in `kit/placeholders.py`, only that a value which a restaurant lacks is no mistake: its member is left out.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote

from app.kit import placeholders
from app.kit.placeholders import MISSING, PlaceholderUnknown, fill_text

_WHOLE: Final = re.compile(r"{{\s*([^{}]*?)\s*}}")


class ValueMissing(ValueError):
    """A path needs a value that is not there."""

    code = "VALUE_MISSING"


def look_up(values: Any, path: str) -> Any:
    """The member that a dotted path leads to, with numbers for places in lists; None when there is none."""
    found = placeholders.look_up(values, path)
    return None if found is MISSING else found


def fill(template: Any, values: Mapping[str, Any]) -> Any:
    """The template with its placeholders replaced; None when it is one placeholder for a value that is missing.

    Members and items that are one placeholder for a missing value are left out.
    """
    return placeholders.fill(_without_missing(template, values), values, missing_is_null=True)


def _without_missing(template: Any, values: Mapping[str, Any]) -> Any:
    if isinstance(template, Mapping):
        kept = {name: value for name, value in template.items() if not _is_missing(value, values)}
        return {name: _without_missing(value, values) for name, value in kept.items()}
    if isinstance(template, list):
        return [_without_missing(item, values) for item in template if not _is_missing(item, values)]
    return template


def _is_missing(template: Any, values: Mapping[str, Any]) -> bool:
    whole = _WHOLE.fullmatch(template) if isinstance(template, str) else None
    return whole is not None and look_up(values, whole[1]) is None


def fill_path(template: str, values: Mapping[str, Any]) -> str:
    """The path with each value quoted, so that none adds a segment or a query of its own; raises ValueMissing."""

    def quoted(text: str) -> str:
        if text in ("", ".", ".."):
            raise ValueMissing(f"A value is missing that {template} needs.")
        return quote(text, safe="")

    try:
        return fill_text(template, values, quoted)
    except PlaceholderUnknown as error:
        raise ValueMissing(f"{error.path} is missing, which {template} needs.") from None
