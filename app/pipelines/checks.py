"""What an author may say of a pipeline and its steps. It is checked at once: later it would fail a submission."""

from __future__ import annotations

import re
import reprlib
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final


class PipelineNotWellFormed(ValueError):
    """A workload's definition contradicts itself; the message says where."""


@dataclass(frozen=True, slots=True)
class Expected:
    """What an option must be, as in "... must be `words`", and whether a value is that."""

    words: str
    fits: Callable[[Any], bool]


def check_options(owner: str, options: Mapping[str, Any], expected: Mapping[str, Expected]) -> None:
    """Raise PipelineNotWellFormed for the first option that does not fit, with whose it is and what was expected."""
    for name, wanted in expected.items():
        value = options[name]
        if not wanted.fits(value):
            kind = "" if value is None else f"the {type(value).__name__} "
            raise PipelineNotWellFormed(f"{owner}: {name} must be {wanted.words}, and is {kind}{reprlib.repr(value)}")


def instance(kind: type[Any], words: str, *, optional: bool = False) -> Expected:
    """An object of this class; or None, where it is optional."""
    return Expected(words, lambda value: isinstance(value, kind) or (optional and value is None))


def subclass(kind: type[Any], words: str) -> Expected:
    return Expected(words, lambda value: isinstance(value, type) and issubclass(value, kind))


def whole(least: int, most: int | None = None) -> Expected:
    """An integer of at least, and at most, so much."""
    words = f"a whole number from {least} to {most}" if most else f"a whole number of at least {least}"
    return Expected(words, lambda value: _is_int(value) and least <= value and (most is None or value <= most))


def one_of(choices: Collection[str]) -> Expected:
    words = " or ".join(repr(choice) for choice in choices)
    return Expected(words, lambda value: isinstance(value, str) and value in choices)


def some_of(choices: Collection[str]) -> Expected:
    """At least one of these words, as a tuple or list."""
    words = f"a tuple of {', '.join(repr(choice) for choice in choices)}"
    return Expected(words, lambda value: _is_list(value) and len(value) > 0 and all(one in choices for one in value))


def _is_int(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_list(value: Any) -> bool:
    return isinstance(value, (list, tuple))


TEXT: Final = instance(str, "a text")
FLAG: Final = instance(bool, "True or False")
KEY: Final = Expected(
    "a text that is not empty and not a number",
    lambda value: isinstance(value, str) and value.strip() == value != "" and not value.isdecimal(),
)
LABEL: Final = Expected(
    "a word of at most 40 characters, for the names of batches",
    lambda value: isinstance(value, str) and re.fullmatch(r"[\w.-]{1,40}", value) is not None,
)
SECONDS: Final = Expected(
    "a number of seconds above 0",
    lambda value: isinstance(value, (int, float)) and not isinstance(value, bool) and value > 0,
)
SHARE: Final = Expected(
    "a number from 0 to 1",
    lambda value: isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value <= 1,
)
NAMES: Final = Expected(
    "a tuple of names of steps", lambda value: _is_list(value) and all(isinstance(one, str) and one for one in value)
)
FUNCTION: Final = Expected("a function", callable)
CONDITION: Final = Expected(
    "a function that takes the step's context, or None", lambda value: value is None or callable(value)
)
