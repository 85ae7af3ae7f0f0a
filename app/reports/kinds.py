"""Which kind of values a column holds: every candidate is an SQL test, tried on a sample and then on all rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from app.reports.engine import Connection, rows_of
from app.reports.scratch import quoted
from app.reports.words import NULL_WORDS

SAMPLE_ROWS: Final = 5000
MOSTLY: Final = 0.9
"""A text column that is of another kind in so large a share of its values is said to be so, with examples."""
MOST_EXAMPLES: Final = 5


@dataclass(frozen=True, slots=True)
class Kind:
    """`test` and `value` are SQL over the trimmed text `t`. `format` says how the values are written."""

    name: str
    format: str | None
    test: str
    value: str
    type: str


def _matches(pattern: str, *, lower: bool = False) -> str:
    return f"regexp_full_match({'lower(t)' if lower else 't'}, {quoted(pattern)})"


def _moment(name: str, shape: str, pattern: str, said: str) -> Kind:
    value = f"try_strptime(t, {quoted(pattern)})"
    parsed = f"({_matches(shape)} and {value} is not null)"
    return Kind(
        name, said, parsed, f"{value}::date" if name == "date" else value, "date" if name == "date" else "timestamp"
    )


_DAY, _CLOCK = r"\d{1,2}", r"[ T]\d{1,2}:\d{2}"
_PLAIN = r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?"
_CODE = r"[+-]?0\d+"
_WITH_UNIT = r"[+-]?[$€£¥]? ?[+-]?(\d{1,3}(,\d{3})+|\d+)?(\.\d+)? ?%?"
_ANY_DIGIT = r".*\d.*"
_HOURS = r"\d{1,2}:\d{2}(:\d{2}(\.\d{1,6})?)?"
_TIME = "coalesce(try_cast(t as time), try_cast(t || ':00' as time))"
_BARE = "regexp_replace(t, '[$€£¥% ]', '', 'g')"
_ISO_TIME = r"\d{4}-\d{2}-\d{2}[ T]\d{2}:\d{2}(:\d{2}([.,]\d{1,9})?)?\s?(Z|[+-]\d{2}(:?\d{2})?)?"
CANDIDATES: Final = (
    Kind("boolean", None, _matches("true|false|yes|no|y|n", lower=True), "lower(t) in ('true', 'yes', 'y')", "boolean"),
    # A leading zero means a code (a FIPS or ZIP code), which arithmetic would destroy.
    Kind("integer", None, _matches(r"[+-]?(0|[1-9]\d{0,17})"), "try_cast(t as bigint)", "bigint"),
    Kind(
        "integer",
        "thousands: ,",
        _matches(r"[+-]?(0|[1-9]\d{0,2}(,\d{3}){0,5})"),
        "try_cast(replace(t, ',', '') as bigint)",
        "bigint",
    ),
    Kind(
        "number",
        None,
        f"({_matches(_PLAIN)} and not {_matches(_CODE)})",
        "try_cast(t as double)",
        "double",
    ),
    Kind(
        "number",
        "decimals: ,",
        _matches(r"[+-]?(\d{1,3}(\.\d{3})+|0|[1-9]\d*)(,\d+)?"),
        "try_cast(replace(replace(t, '.', ''), ',', '.') as double)",
        "double",
    ),
    Kind(
        "number",
        "thousands: , or a unit ($, %)",
        f"({_matches(_WITH_UNIT)} and {_matches(_ANY_DIGIT)} and not {_matches(_CODE)})",
        f"try_cast(replace({_BARE}, ',', '') as double)",
        "double",
    ),
    _moment("date", r"\d{4}-\d{1,2}-\d{1,2}", "%Y-%m-%d", "YYYY-MM-DD"),
    _moment("date", r"\d{4}/\d{1,2}/\d{1,2}", "%Y/%m/%d", "YYYY/MM/DD"),
    _moment("date", rf"{_DAY}/{_DAY}/\d{{4}}", "%m/%d/%Y", "MM/DD/YYYY"),
    _moment("date", rf"{_DAY}/{_DAY}/\d{{4}}", "%d/%m/%Y", "DD/MM/YYYY"),
    _moment("date", rf"{_DAY}\.{_DAY}\.\d{{4}}", "%d.%m.%Y", "DD.MM.YYYY"),
    _moment("date", rf"{_DAY}-{_DAY}-\d{{4}}", "%d-%m-%Y", "DD-MM-YYYY"),
    _moment("date", rf"{_DAY}-[A-Za-z]{{3}}-\d{{4}}", "%d-%b-%Y", "DD-Mon-YYYY"),
    _moment("date", rf"{_DAY} [A-Za-z]{{3}} \d{{4}}", "%d %b %Y", "DD Mon YYYY"),
    _moment("date", rf"[A-Za-z]{{4,9}} {_DAY}, \d{{4}}", "%B %d, %Y", "Month DD, YYYY"),
    Kind(
        "timestamp",
        "ISO 8601",
        f"({_matches(_ISO_TIME)} and try_cast(t as timestamp) is not null)",
        "try_cast(t as timestamp)",
        "timestamp",
    ),
    _moment("timestamp", rf"{_DAY}/{_DAY}/\d{{4}}{_CLOCK}:\d{{2}}", "%m/%d/%Y %H:%M:%S", "MM/DD/YYYY hh:mm:ss"),
    _moment("timestamp", rf"{_DAY}/{_DAY}/\d{{4}}{_CLOCK}:\d{{2}}", "%d/%m/%Y %H:%M:%S", "DD/MM/YYYY hh:mm:ss"),
    _moment("timestamp", rf"{_DAY}/{_DAY}/\d{{4}}{_CLOCK}", "%m/%d/%Y %H:%M", "MM/DD/YYYY hh:mm"),
    _moment("timestamp", rf"{_DAY}/{_DAY}/\d{{4}}{_CLOCK}", "%d/%m/%Y %H:%M", "DD/MM/YYYY hh:mm"),
    _moment("timestamp", rf"\d{{4}}/{_DAY}/{_DAY}{_CLOCK}:\d{{2}}", "%Y/%m/%d %H:%M:%S", "YYYY/MM/DD hh:mm:ss"),
    _moment("timestamp", rf"{_DAY}\.{_DAY}\.\d{{4}}{_CLOCK}:\d{{2}}", "%d.%m.%Y %H:%M:%S", "DD.MM.YYYY hh:mm:ss"),
    Kind("time", "hh:mm:ss", f"({_matches(_HOURS)} and {_TIME} is not null)", _TIME, "time"),
)
TEXT: Final = Kind("text", None, "true", "t", "varchar")
EMPTY: Final = Kind("empty", None, "true", "null", "varchar")
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
    return f"nullif(trim({column}, ' \t\n\r\x0b\x0c\u00a0'), '')"


@dataclass(frozen=True, slots=True)
class Finding:
    """The kind of a column; of text that mostly is something else: what, how much of it, and examples against it."""

    kind: Kind
    mostly: dict[str, Any] | None = None


def find_kind(connection: Connection, column: str, *, whole: bool) -> Finding:
    """The kind that every value of the column has. `whole`: the table `sample` has all rows of `data`."""
    tests = ", ".join(f"count(*) filter (where {kind.test})" for kind in CANDIDATES)
    values = f"(select {trimmed(column)} as t from sample)"
    counted = f"select count(t), count(*) filter (where not {MISSING}) from {values}"
    filled, present = rows_of(connection, counted)[0]
    counts = rows_of(connection, f"select {tests} from {values} where not {MISSING}")[0]
    if not filled:
        if whole or not rows_of(connection, f"select count({trimmed(column)}) from data")[0][0]:
            return Finding(EMPTY)
        return Finding(TEXT)
    if not present:
        return Finding(TEXT)
    fitting = [kind for kind, count in zip(CANDIDATES, counts, strict=True) if count == present]
    if whole and fitting:
        return Finding(fitting[0])
    for kind in fitting:
        if not _against(connection, column, kind):
            return Finding(kind)
    best = max(range(len(counts)), key=lambda place: counts[place])
    if counts[best] < present * MOSTLY:
        return Finding(TEXT)
    return Finding(TEXT, _mostly(connection, column, CANDIDATES[best]))


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
            return Kind(kind, None, "true", "t", name)
    return TEXT
