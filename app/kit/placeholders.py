"""Fills `{{ path.to.value }}` in texts that users write: values only, no code, so that a text cannot do anything."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

_PLACEHOLDER: Final = re.compile(r"\{\{\s*([^{}\s][^{}]*?)\s*\}\}")
_MISSING: Final = object()


class PlaceholderUnknown(ValueError):
    """A text names a value that is not there; `path` says which."""

    def __init__(self, path: str) -> None:
        super().__init__(f"there is no value {path}")
        self.path = path


def placeholders_in(text: str) -> list[str]:
    """The paths that a text names, each once, in order."""
    return list(dict.fromkeys(_PLACEHOLDER.findall(text)))


def fill(text: str, values: Mapping[str, Any], as_text: Callable[[Any], str] = str) -> str:
    """The text with every placeholder replaced, once: what a value contains is not looked at again.

    A path goes through mappings by name and through lists by number. Raises PlaceholderUnknown.
    """

    def value_of(found: re.Match[str]) -> str:
        value: Any = values
        for part in found[1].split("."):
            value = _member(value, part)
            if value is _MISSING:
                raise PlaceholderUnknown(found[1])
        return "" if value is None else as_text(value)

    return _PLACEHOLDER.sub(value_of, text)


def _member(value: Any, name: str) -> Any:
    if isinstance(value, Mapping):
        return value.get(name, _MISSING)
    if isinstance(value, Sequence) and not isinstance(value, str) and name.isascii() and name.isdecimal():
        return value[int(name)] if len(name) < 6 and int(name) < len(value) else _MISSING
    return _MISSING
