"""Which kind of values a column holds: every candidate is an SQL test, tried on a sample and then on all rows."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from app.reports.columns.words import NULL_WORDS
from app.reports.engine import Connection, rows_of
from app.reports.readers.scratch import quoted

SAMPLE_ROWS: Final = 5000
MOSTLY: Final = 0.9
"""A text column that is of another kind in so large a share of its values is said to be so, with examples."""
MOST_EXAMPLES: Final = 5


@dataclass(frozen=True, slots=True)
class Kind:
    """`pattern` is what a value looks like, to RE2 and to Python alike; `value` is SQL over the trimmed text `t`.

    `format` says how the values are written, `type` what DuckDB calls them.
    """

    name: str
    format: str | None
    pattern: str
    value: str
    type: str

    @property
    def test(self) -> str:
        """SQL that is true when `t` is of this kind, also where the look deceives (a 30th of February)."""
        return f"(regexp_full_match(t, {quoted(self.pattern)}) and {self.value} is not null)"

    def fits_most(self, examples: Sequence[str]) -> bool:
        """Whether it is worth asking the database."""
        return sum(re.fullmatch(self.pattern, example) is not None for example in examples) * 2 >= len(examples)


def _date(pattern: str, strptime: str, said: str) -> Kind:
    return Kind("date", said, pattern, f"try_strptime(t, {quoted(strptime)})::date", "date")


def _timestamp(pattern: str, strptime: str, said: str) -> Kind:
    return Kind("timestamp", said, pattern, f"try_strptime(t, {quoted(strptime)})", "timestamp")


_D, _Y, _CLOCK = r"\d{1,2}", r"\d{4}", r"[ T]\d{1,2}:\d{2}"
_WHOLE = r"(0|[1-9]\d{0,2}(,\d{3})+|[1-9]\d*)"
_ISO = r"\d{4}-\d{2}-\d{2}[ T]\d{2}:\d{2}(:\d{2}([.,]\d{1,9})?)?\s?(Z|[+-]\d{2}(:?\d{2})?)?"
_BARE = "regexp_replace(t, '[$€£¥%, ]', '', 'g')"
CANDIDATES: Final = (
    Kind("boolean", None, "(?i)true|false|yes|no|y|n", "lower(t) in ('true', 'yes', 'y')", "boolean"),
    # A leading zero means a code (a FIPS or ZIP code), which arithmetic would destroy.
    Kind("integer", None, r"[+-]?(0|[1-9]\d{0,17})", "try_cast(t as bigint)", "bigint"),
    Kind(
        "integer",
        "thousands: ,",
        r"[+-]?(0|[1-9]\d{0,2}(,\d{3}){0,5})",
        "try_cast(replace(t, ',', '') as bigint)",
        "bigint",
    ),
    Kind("number", None, r"[+-]?((0|[1-9]\d*)(\.\d*)?|\.\d+)([eE][+-]?\d{1,3})?", "try_cast(t as double)", "double"),
    Kind(
        "number",
        "decimals: ,",
        r"[+-]?([1-9]\d{0,2}(\.\d{3})+|0|[1-9]\d*)(,\d+)?",
        "try_cast(replace(replace(t, '.', ''), ',', '.') as double)",
        "double",
    ),
    Kind(
        "number",
        "thousands: , or a unit ($, %)",
        rf"[+-]?[$€£¥]? ?[+-]?{_WHOLE}?(\.\d+)? ?%?",
        f"try_cast({_BARE} as double)",
        "double",
    ),
    _date(rf"{_Y}-{_D}-{_D}", "%Y-%m-%d", "YYYY-MM-DD"),
    _date(rf"{_Y}/{_D}/{_D}", "%Y/%m/%d", "YYYY/MM/DD"),
    _date(rf"{_D}/{_D}/{_Y}", "%m/%d/%Y", "MM/DD/YYYY"),
    _date(rf"{_D}/{_D}/{_Y}", "%d/%m/%Y", "DD/MM/YYYY"),
    _date(rf"{_D}\.{_D}\.{_Y}", "%d.%m.%Y", "DD.MM.YYYY"),
    _date(rf"{_D}-{_D}-{_Y}", "%d-%m-%Y", "DD-MM-YYYY"),
    _date(rf"{_D}-[A-Za-z]{{3}}-{_Y}", "%d-%b-%Y", "DD-Mon-YYYY"),
    _date(rf"{_D} [A-Za-z]{{3}} {_Y}", "%d %b %Y", "DD Mon YYYY"),
    _date(rf"[A-Za-z]{{3,9}} {_D}, {_Y}", "%B %d, %Y", "Month DD, YYYY"),
    Kind("timestamp", "ISO 8601", _ISO, "try_cast(t as timestamp)", "timestamp"),
    _timestamp(rf"{_D}/{_D}/{_Y}{_CLOCK}:\d{{2}}", "%m/%d/%Y %H:%M:%S", "MM/DD/YYYY hh:mm:ss"),
    _timestamp(rf"{_D}/{_D}/{_Y}{_CLOCK}:\d{{2}}", "%d/%m/%Y %H:%M:%S", "DD/MM/YYYY hh:mm:ss"),
    _timestamp(rf"{_D}/{_D}/{_Y}{_CLOCK}", "%m/%d/%Y %H:%M", "MM/DD/YYYY hh:mm"),
    _timestamp(rf"{_D}/{_D}/{_Y}{_CLOCK}", "%d/%m/%Y %H:%M", "DD/MM/YYYY hh:mm"),
    _timestamp(rf"{_Y}/{_D}/{_D}{_CLOCK}:\d{{2}}", "%Y/%m/%d %H:%M:%S", "YYYY/MM/DD hh:mm:ss"),
    _timestamp(rf"{_D}\.{_D}\.{_Y}{_CLOCK}:\d{{2}}", "%d.%m.%Y %H:%M:%S", "DD.MM.YYYY hh:mm:ss"),
    Kind(
        "time",
        "hh:mm:ss",
        r"\d{1,2}:\d{2}(:\d{2}(\.\d{1,6})?)?",
        "coalesce(try_cast(t as time), try_cast(t || ':00' as time))",
        "time",
    ),
)
TEXT: Final = Kind("text", None, "(?s).*", "t", "varchar")
EMPTY: Final = Kind("empty", None, "", "t", "varchar")
MISSING: Final = f"(t is null or lower(t) in ({', '.join(quoted(word) for word in NULL_WORDS)}))"
NATIVE: Final = (
    (("BOOLEAN",), "boolean"),
    (("TIMESTAMP",), "timestamp"),
    (("DATE",), "date"),
    (("TIME",), "time"),
    (("FLOAT", "DOUBLE", "DECIMAL"), "number"),
    (
        (
            "TINYINT",
            "SMALLINT",
            "INTEGER",
            "BIGINT",
            "HUGEINT",
            "UTINYINT",
            "USMALLINT",
            "UINTEGER",
            "UBIGINT",
            "UHUGEINT",
        ),
        "integer",
    ),
)
"""Beginnings of the names of DuckDB's types, and our word for them. TIMESTAMP comes before TIME."""


def trimmed(column: str) -> str:
    """A text column without blanks around it; nothing but blanks is null."""
    last = f"{column}[-1]"
    # DuckDB's trim takes ten times as long as a look at the first and the last character.
    needed = f"{column} < '!' or {column} > '~' or {last} < '!' or {last} > '~'"
    return f"case when {needed} then nullif(trim({column}, ' \t\n\r\x0b\x0c\u00a0'), '') else {column} end"


@dataclass(frozen=True, slots=True)
class Finding:
    """The kind of a column; of text that mostly is something else: what, how much of it, and examples against it."""

    kind: Kind
    mostly: dict[str, Any] | None = None


def find_kind(connection: Connection, column: str, examples: Sequence[Any], *, whole: bool) -> Finding:
    """The kind that every value of the column has. `whole`: the table `sample` has all rows of `data`.

    `examples` are the column's first values, which tell the candidates that are worth a question.
    """
    known = [text for example in examples if example and (text := example.strip()).lower() not in ("", *NULL_WORDS)]
    likely = [kind for kind in CANDIDATES if kind.fits_most(known)]
    tests = "".join(f", count(*) filter (where not {MISSING} and {kind.test})" for kind in likely)
    values = f"(select {trimmed(column)} as t from sample)"
    query = f"select count(t), count(*) filter (where not {MISSING}){tests} from {values}"
    filled, present, *counts = rows_of(connection, query)[0]
    if not filled and (whole or not rows_of(connection, f"select count({trimmed(column)}) from data")[0][0]):
        return Finding(EMPTY)
    if not present or not likely:
        return Finding(TEXT)
    for kind, count in zip(likely, counts, strict=True):
        if count == present and (whole or not _against(connection, column, kind)):
            return Finding(kind)
    best = max(range(len(counts)), key=lambda place: counts[place])
    if counts[best] < present * MOSTLY:
        return Finding(TEXT)
    return Finding(TEXT, _mostly(connection, column, likely[best]))


def _against(connection: Connection, column: str, kind: Kind) -> list[str]:
    """Examples of values that are not of the kind."""
    values = f"(select {trimmed(column)} as t from data)"
    query = f"select t from {values} where not {MISSING} and not coalesce({kind.test}, false) limit {MOST_EXAMPLES}"
    return [row[0][:80] for row in rows_of(connection, query)]


def _mostly(connection: Connection, column: str, kind: Kind) -> dict[str, Any] | None:
    query = (
        f"select count(*) filter (where not {MISSING}), count(*) filter (where not {MISSING} and {kind.test})"
        f" from (select {trimmed(column)} as t from data)"
    )
    present, matching = rows_of(connection, query)[0]
    if matching < present * MOSTLY:
        return None
    examples = _against(connection, column, kind)
    return {
        "type": kind.name,
        "share": round(matching / present, 4),
        "others": present - matching,
        "examples": examples,
    }


def native_kind(name: str) -> Kind:
    """The kind of a column that has a type of its own, as in Parquet."""
    for beginnings, kind in NATIVE:
        if name.startswith(beginnings):
            return Kind(kind, None, "", "t", name)
    return TEXT
