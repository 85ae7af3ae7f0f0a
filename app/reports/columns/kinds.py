"""A kind of values as SQL: what a value of it looks like, and what it is worth."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final, Literal

from app.reports.columns.words import NULL_WORDS
from app.reports.notes import Note
from app.reports.readers.scratch import quoted

T: Final = "§"
"""Stands in the SQL of a kind for the trimmed text of a value."""
Name = Literal["integer", "number", "boolean", "date", "timestamp", "time", "text", "empty"]
Sign = Literal["point", "comma"]
Order = Literal["dmy", "mdy", "ymd"]


@dataclass(frozen=True, slots=True)
class Kind:
    """`pattern` is what a value looks like, to RE2 and to Python alike; `value` is SQL over the trimmed text `§`.

    `format` says how the values are written, `type` what DuckDB calls them. `digits` is SQL for a number as plain
    text with a decimal point. `sign` and `order` are given where the reading depends on them. `offset` is SQL for what
    the clock is ahead of UTC, as it is written; `suffix` follows the moments of the column where they are shown.
    `is_sure`: whatever looks like this kind is of it. `forms` has, for forms of the store, SQL over a value that is
    kept so, which is NULL where its text is not of this kind; of any other form the texts tell. `keeps` are those
    whose values are worth what their texts are.
    """

    name: Name
    format: str | None
    pattern: str
    value: str
    type: str
    digits: str | None = None
    sign: Sign | None = None
    order: Order | None = None
    offset: str | None = None
    suffix: str = ""
    is_sure: bool = False
    forms: Mapping[str, str] = field(default_factory=dict)
    keeps: tuple[str, ...] = ()

    def of(self, text: str) -> str:
        """SQL for what a trimmed text is worth; NULL where it is not of this kind (a 30th of February as well)."""
        if self.digits is None and self.name in ("text", "empty"):
            return text
        return f"case when {self.looks(text)} then {self.value.replace(T, text)} end"

    def worth(self, text: str) -> str:
        """The same SQL where every text is known to be of this kind."""
        return self.value.replace(T, text)

    def count(self, text: str) -> str:
        """SQL that counts the values of this kind."""
        return f"count_if({self.looks(text)})" if self.is_sure else f"count({self.of(text)})"

    def shown(self, value: str) -> str:
        """SQL for a value as it is fetched; Python has no nanoseconds."""
        return f"{value}::varchar" if self.type.lower() == "timestamp_ns" else value

    def looks(self, text: str) -> str:
        """SQL that is true where a trimmed text is written like this kind."""
        return f"regexp_full_match({text}, {quoted(self.pattern)})"

    def typed(self, name: str) -> Kind:
        """The same kind with another type of DuckDB."""
        return replace(self, type=name, value=f"try_cast({self.digits} as {name})")


@dataclass(frozen=True, slots=True)
class Finding:
    """What a column holds. `misfits` values are of another kind; `words` stand for a missing value.

    `is_clean`: there are neither. `known` has further members for the report, `notes` what is doubtful.
    """

    kind: Kind
    misfits: int = 0
    words: int = 0
    notes: list[Note] = field(default_factory=list)
    known: dict[str, Any] = field(default_factory=dict)

    @property
    def is_clean(self) -> bool:
        return not self.misfits and not self.words


TEXT: Final = Kind("text", None, "(?s).*", T, "varchar")
ALL, NONE = T, "null"
MOMENTS: Final = ("date", "timestamp")
"""Forms of the store that no number has: digits, a minus and digits."""
NUMBERS: Final = ("bigint", "decimal", "thousandths")
"""Those that no day has; with three decimals the point may set thousands apart."""
FORMS: Final = (*NUMBERS, *MOMENTS)
EMPTY: Final = Kind("empty", None, "", T, "varchar")
BOOLEAN: Final = Kind(
    "boolean", None, "(?i)true|false|yes|no|y|n", f"lower({T}) in ('true', 'yes', 'y')", "boolean", is_sure=True
)
NATIVE: Final[tuple[tuple[tuple[str, ...], Name], ...]] = (
    (("BOOLEAN",), "boolean"),
    (("TIMESTAMP",), "timestamp"),
    (("DATE",), "date"),
    (("TIME",), "time"),
    (("FLOAT", "DOUBLE", "DECIMAL"), "number"),
    (("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT"), "integer"),
    (("UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT", "UHUGEINT"), "integer"),
)
"""Beginnings of the names of DuckDB's types, and our word for them. TIMESTAMP comes before TIME."""
BLANKS: Final = " \t\n\r\x0b\x0c\u00a0\u202f\ufeff"
_LONGEST_WORD: Final = max(map(len, NULL_WORDS))


def trimmed(column: str) -> str:
    """A text column without blanks around it; nothing but blanks is null."""
    # DuckDB's trim takes ten times as long as a look at the first and the last character.
    is_bare = f"{column} between '!' and '~' and {column}[-1] between '!' and '~'"
    return f"case when {is_bare} then {column} else {stripped(column)} end"


def stripped(column: str) -> str:
    """The same for a column of which few values are asked for."""
    return f"nullif(trim({column}, '{BLANKS}'), '')"


def missing(text: str) -> str:
    """SQL that is true where a trimmed text is a word for "no value"."""
    words = ", ".join(quoted(word) for word in NULL_WORDS)
    return f"(strlen({text}) <= {_LONGEST_WORD} and lower({text}) in ({words}))"


def native_kind(name: str) -> Kind:
    """The kind of a column that has a type of its own, as in Parquet."""
    for beginnings, kind in NATIVE:
        if name.startswith(beginnings):
            suffix = "+00:00" if name == "TIMESTAMP WITH TIME ZONE" else ""
            return Kind(kind, None, "", T, name, suffix=suffix)
    return Kind("text", None, "", f"{T}::varchar", name)
