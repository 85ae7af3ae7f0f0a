"""What all lists do with the words of their filters."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TypeVar

from app.kit.errors import FilterNotReadable

S = TypeVar("S", str, str | None)


def check_printable(value: S) -> S:
    """The value; raises FilterNotReadable (400) for what no column can hold."""
    if value and "\x00" in value:
        raise FilterNotReadable("A filter must not contain the character U+0000.")
    return value


def check_sort(value: str, columns: Collection[str]) -> str:
    """One of the columns, with `-` for descending; raises FilterNotReadable (400) for others."""
    if value.removeprefix("-") not in columns:
        raise FilterNotReadable(f"Sort by one of {', '.join(columns)}, with - for descending.")
    return value


def read_words(
    value: str | None, known: Collection[str], aliases: Mapping[str, str] | None = None, *, noun: str = "status"
) -> tuple[str, ...]:
    """The words of a filter, several by comma, each as ours when it is another system's (`aliases`).

    Raises FilterNotReadable (400) for a word that is neither, and names it as it was typed.
    """
    aliases = aliases or {}
    words = [word for word in (value or "").replace(" ", "").split(",") if word]
    unknown = [word for word in words if aliases.get(word, word) not in known]
    if unknown:
        further = [word for word in aliases if word not in known]
        also = f" Also taken: {', '.join(further)}." if further else ""
        raise FilterNotReadable(f"There is no {noun} {unknown[0][:40]!r}. There are: {', '.join(known)}.{also}")
    return tuple(dict.fromkeys(aliases.get(word, word) for word in words))


def read_word(value: str | None, known: Collection[str], aliases: Mapping[str, str] | None = None) -> str | None:
    """The one word of a filter that takes no more than one; None when there is none. Else as `read_words`."""
    words = read_words(value, known, aliases)
    if len(words) > 1:
        raise FilterNotReadable("This list is filtered by one status at a time.")
    return words[0] if words else None
