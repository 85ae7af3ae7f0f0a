"""The tables of docs/settings.md, made from the settings that the rooms declare."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final, Literal, Union, get_args, get_origin

from pydantic import SecretStr
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from app.rooms import BUILT_IN
from app.settings import GIB, KIB, MIB, Section, Settings, variables

HEAD: Final = "| setting | default | kind | meaning |\n|---|---|---|---|"
UNITS: Final = ("bytes", "seconds", "days")
"""A number whose setting's name ends in one of these is in it."""
WORDS: Final[dict[Any, str]] = {
    bool: "true or false",
    float: "number",
    int: "number",
    str: "text",
    Path: "path",
    SecretStr: "secret",
    dict: "JSON object",
}
LIMITS: Final = {"ge": "at least", "gt": "more than", "le": "at most", "lt": "less than"}


def settings_tables() -> dict[str, str]:
    """A table for the settings of every room, under the room's name."""
    sections: list[tuple[str, type[Section]]] = [("The whole service", Settings)]
    sections += [(f"`{room.name}`", room.settings) for room in BUILT_IN if room.settings]
    return {"settings": "\n\n".join(_part(title, section) for title, section in sections)}


def _part(title: str, section: type[Section]) -> str:
    rows = [_row(name, field) for name, field in section.model_fields.items()]
    return "\n".join([f"## {title}", "", HEAD, *rows])


def _row(name: str, field: FieldInfo) -> str:
    return f"| `{variables(name, field)[0]}` | {_default(name, field)} | {_kind(name, field)} | {field.description} |"


def _default(name: str, field: FieldInfo) -> str:
    default = field.default
    if default is None or default == "" or default is PydanticUndefined:
        return ""
    if isinstance(default, bool):
        return str(default).lower()
    if name.endswith("_bytes"):
        return _in_units(default)
    return f"`{default}`"


def _in_units(size: int) -> str:
    """A number of bytes as it is set, and in the largest unit that divides it."""
    for unit, word in ((GIB, "GiB"), (MIB, "MiB"), (KIB, "KiB")):
        if size % unit == 0:
            return f"`{size}` ({size // unit} {word})"
    return f"`{size}`"


def _kind(name: str, field: FieldInfo) -> str:
    parts = [_word(field.annotation, name), *_limits(field.metadata)]
    return ", ".join(parts)


def _word(annotation: Any, name: str) -> str:
    if get_origin(annotation) is Literal:
        return "one of " + ", ".join(f"`{choice}`" for choice in get_args(annotation))
    if get_origin(annotation) in (Union, type(str | None)):
        inner = next(part for part in get_args(annotation) if part is not type(None))
        return _word(inner, name)
    unit = name.rpartition("_")[2]
    if annotation in (int, float) and unit in UNITS:
        return unit
    return WORDS[get_origin(annotation) or annotation]


def _limits(metadata: Iterable[Any]) -> list[str]:
    found = []
    for limit in metadata:
        found += [f"{words} {getattr(limit, name)}" for name, words in LIMITS.items() if hasattr(limit, name)]
    return found
