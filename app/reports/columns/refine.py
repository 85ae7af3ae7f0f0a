"""What is asked of a column when its kind is known: the digits to keep, offsets from UTC, units, and what looks like
numbers or truth values without being any."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from app.kit.words import quantity
from app.reports.columns.figures import BIGINT, ENDLESS, HUGEINT, LONGEST, PLAIN, POWERED, UNIT
from app.reports.columns.kinds import BOOLEAN, TEXT, Finding
from app.reports.columns.store import Store, Stored
from app.reports.columns.survey import Either, Question, ask
from app.reports.engine import rows_of
from app.reports.notes import note
from app.reports.readers.scratch import quoted
from app.reports.readers.table import Known

SHORT: Final = 18
"""Digits that DuckDB keeps in 8 bytes."""
_PLACES: Final = re.compile(
    r"countr|nation|state|provin|region|land\b|lang|locale|pays|pa[ií]s|\biso|code", re.IGNORECASE
)
_VERSIONS: Final = re.compile(r"versi|release|\bver\b|\brev|chapter|section|clause|paragraph|\bpython\b", re.IGNORECASE)
_IDENTIFIERS: Final = re.compile(
    r"\b(?:phone|tel(?:efon|ephone|no)?|mobile|fax|zip(?:code)?|postal|postcode|plz|ssn|iban|ean|gtin|upc|isbn|imei)\b",
    re.IGNORECASE,
)
_DAY: Final = re.compile(r"(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])")
_SHORTENED: Final = re.compile(r"-?\d(?:\.\d{1,5})?E\+\d{2}")
_FEW_WHOLES: Final = 3


@dataclass(frozen=True, slots=True)
class Asked:
    """A column: its name in SQL and in the file, some of its values, the type that the file itself gives to it,
    and how many values it has."""

    sql: str
    name: str
    known: Sequence[str]
    given: Known | None
    present: int


Refiner = Callable[[Finding, Asked, tuple[Any, ...]], Finding]


def refine(store: Store, columns: Sequence[Asked], findings: Sequence[Finding]) -> list[Finding]:
    """The findings of the columns with all that a further pass tells."""
    plans = [_plan(finding) for finding in findings]
    questions = [(column.sql, asked) for column, (asked, _) in zip(columns, plans, strict=True) if asked]
    answers = iter(ask(store, questions))
    found = []
    for column, finding, (asked, refiner) in zip(columns, findings, plans, strict=True):
        refined = refiner(finding, column, next(answers)) if asked and refiner else finding
        if refined.kind.offset:
            refined = _with_offsets(store, column.sql, refined)
        found.append(_identifiers(refined, column))
    return found


def _scale(column: Stored) -> str:
    """SQL for the decimals of the values that are kept."""
    return f"case when count({column.value}) > 0 then {column.scale} end" if column.scale else "null"


def _scale_with_zeros(column: Stored) -> str:
    """SQL for the same if there are several decimals, and the last of some value is a zero."""
    scale, value = column.scale, column.value
    return f"case when count_if({value} = round({value}, {scale - 1})) > 0 then {scale} end" if scale > 1 else "null"


def _whole(column: Stored) -> str:
    """SQL for the most digits that they have before the point."""
    return f"strlen(max(abs({column.value}))::varchar) - {column.scale + 1 if column.scale else 0}"


def _plan(finding: Finding) -> tuple[Sequence[Question], Refiner | None]:
    """What to ask of a column of this kind, and who reads the answers."""
    kind = finding.kind
    if kind is BOOLEAN:
        return [f"string_agg(distinct § , ' ') filter (where {kind.looks('§')})"], _boolean
    if kind is ENDLESS:
        return ["max(strlen(§))"], _endless
    if kind.digits is None or kind in (BIGINT, HUGEINT, POWERED):
        return [], None
    number = kind.digits if finding.is_clean else f"case when {kind.looks('§')} then {kind.digits} end"
    point = f"instr({number}, '.')"
    scale = f"case when {point} > 0 then strlen({number}) - {point} end"
    whole = f"case when {point} > 0 then {point} - 1 else strlen({number}) end"
    questions = [f"max({scale})", f"max({whole})"]
    if kind == PLAIN:
        zeros = f"{scale} > 1 and right(§, 1) = '0'"
        return [
            Either(f"max({scale})", _scale),
            Either(f"max({whole})", _whole),
            Either(f"min({scale})", _scale, "least"),
            Either(f"max(case when {zeros} then {scale} end)", _scale_with_zeros),
        ], _plain
    unit = f"regexp_extract(§, {quoted(UNIT)})"
    units = f"list(distinct case when {kind.looks('§')} then {unit} end)"
    return [*questions, f"list_slice(list_sort({units}), 1, 5)"], _styled


def _sized(finding: Finding, scale: int, whole: int) -> Finding:
    """With the narrowest type of DuckDB that keeps every digit."""
    digits = scale + whole
    if finding.kind.name == "integer":
        return replace(finding, kind=finding.kind.typed("bigint" if digits <= SHORT else "hugeint"))
    if digits <= LONGEST:
        return replace(finding, kind=finding.kind.typed(f"decimal({SHORT if digits <= SHORT else LONGEST}, {scale})"))
    message = f"The numbers have up to {digits} digits; the figures were made with about 16 of them."
    return replace(finding, notes=[*finding.notes, note("DIGITS_ROUNDED", message)])


def _plain(finding: Finding, column: Asked, answers: tuple[Any, ...]) -> Finding:
    scale, whole, least, zeros = answers
    sized = _sized(finding, scale or 0, whole or 0)
    if not zeros or zeros <= least or column.given in ("integer", "number"):
        return sized
    known = column.known
    wholes = {text.partition(".")[0] for text in known}
    are_few = len(wholes) <= _FEW_WHOLES and zeros <= 3 and len(known) > len(wholes)
    is_version = are_few or bool(_VERSIONS.search(column.name))
    if is_version and not any(text.startswith("-") for text in known):
        message = "The values look like numbers of versions, in which 3.1 and 3.10 are two: the column is text."
        return Finding(TEXT, notes=[note("VERSION_NUMBERS", message, column.present, examples=_with_zeros(known))])
    message = "Some numbers end in a zero and others have fewer decimals: 3.1 and 3.10 count as the same value."
    return replace(
        sized, notes=[*sized.notes, note("TRAILING_ZEROS", message, column.present, examples=_with_zeros(known))]
    )


def _with_zeros(known: Sequence[str]) -> list[str]:
    return sorted(known, key=lambda text: not text.endswith("0"))


def _styled(finding: Finding, column: Asked, answers: tuple[Any, ...]) -> Finding:
    scale, whole, units = answers
    sized = _sized(finding, scale or 0, whole or 0)
    named = [unit for unit in units or [] if unit]
    if len(named) == 1 and len(units) == 1:
        return replace(sized, known=sized.known | {"unit": named[0]})
    if not named:
        return sized
    said = ", ".join(named) + (" and none" if len(named) < len(units) else "")
    message = f"The numbers have different units ({said}), which the figures do not tell apart."
    return replace(sized, notes=[*sized.notes, note("MIXED_UNITS", message, column.present)])


def _endless(finding: Finding, column: Asked, answers: tuple[Any, ...]) -> Finding:
    del finding
    message = f"The integers have up to {answers[0]} digits; beyond {LONGEST} they are kept as text."
    return Finding(TEXT, notes=[note("INTEGERS_TOO_LONG", message, column.present, examples=column.known)])


def _boolean(finding: Finding, column: Asked, answers: tuple[Any, ...]) -> Finding:
    words = (answers[0] or "").split()
    if column.given == "text":
        return Finding(TEXT)
    if len({word.lower() for word in words}) > 1 or words[0].lower() in ("true", "false"):
        return finding
    is_code = len(words) == 1 and words[0].isupper() and bool(_PLACES.search(column.name.replace("_", " ")))
    said = "was taken for a code and is text" if is_code else "was taken for a truth value"
    made = note("ONE_TRUTH_VALUE", f"The only value is {words[0]!r}; it {said}.")
    return Finding(TEXT, notes=[made]) if is_code else replace(finding, notes=[*finding.notes, made])


def _with_offsets(store: Store, sql: str, finding: Finding) -> Finding:
    """Moments with the one offset that all have, or in UTC when they have several."""
    kind = finding.kind
    written = (kind.offset or "").replace("§", "t")
    query = (
        f"select o, count(*) as n from (select {written} as o from (select {sql} as t from data)"
        f" where {kind.of('t')} is not null) group by o order by n desc, o"
    )
    counts: dict[str, int] = {}
    for offset, count in rows_of(store, query):
        counts[_offset(offset)] = counts.get(_offset(offset), 0) + count
    offsets = [{"offset": offset or None, "count": count} for offset, count in [*counts.items()][:20]]
    if not any(counts):
        return replace(finding, kind=replace(kind, offset=None))
    known = finding.known | {"utc_offsets": offsets}
    if len(counts) == 1:
        return replace(finding, kind=replace(kind, suffix=next(iter(counts))), known=known)
    ahead = f"coalesce(regexp_extract({kind.offset}, '([+-])', 1) || '1', '1')::integer"
    hours = f"coalesce(try_cast(regexp_extract({kind.offset}, '[+-]([0-9]{{1,2}})', 1) as integer), 0)"
    minutes = f"coalesce(try_cast(regexp_extract({kind.offset}, '[+-][0-9]{{2}}:?([0-9]{{2}})', 1) as integer), 0)"
    value = f"({kind.value} - to_minutes(({ahead}) * ({hours} * 60 + {minutes})))"
    made = replace(kind, value=value, suffix="+00:00")
    said = "; values without one were read as UTC" if "" in counts else ""
    message = f"The times have {quantity(len(counts), 'offset')} from UTC; the figures are in UTC{said}."
    shown = [offset or "none" for offset in counts]
    notes = [*finding.notes, note("MIXED_OFFSETS", message, examples=shown)]
    return replace(finding, kind=made, known=known, notes=notes)


def _offset(written: str | None) -> str:
    """As `+hh:mm`; nothing for none."""
    if not written:
        return ""
    match = re.search(r"([+-])(\d{1,2}):?(\d{2})?$", written)
    return f"{match[1]}{int(match[2]):02}:{match[3] or '00'}" if match else "+00:00"


def _identifiers(finding: Finding, column: Asked) -> Finding:
    """What is said of numbers and dates that may be something else; numbers of cards are text."""
    kind, known = finding.kind, column.known
    if kind in (BIGINT, HUGEINT) and len(known) > 2 and all(_is_card(text) for text in known):
        message = "The numbers have the check digit and the length of card numbers: they are kept as text."
        return Finding(TEXT, notes=[note("CARD_NUMBERS", message, column.present)])
    said: list[tuple[str, str]] = []
    if kind.name in ("integer", "number"):
        if column.given == "text":
            said.append(("NUMBERS_AS_TEXT", "The file has these numbers as text."))
        if kind.name == "integer" and _IDENTIFIERS.search(column.name.replace("_", " ")):
            said.append(("IDENTIFIERS", "By the column's name these are identifiers, whose mean and sum say nothing."))
        if kind is BIGINT and len(known) > 1 and all(_DAY.fullmatch(text) for text in known):
            said.append(("DATES_AS_NUMBERS", "The integers look like dates (YYYYMMDD); they were counted as integers."))
        if kind is POWERED and all(_SHORTENED.fullmatch(text) for text in known):
            message = "A spreadsheet seems to have shortened these numbers: digits may be lost."
            said.append(("SHORTENED_NUMBERS", message))
    elif kind.format and re.search(r"(?<!Y)YY(?!Y)", kind.format):
        said.append(
            ("TWO_DIGIT_YEARS", "Years have two digits: those up to 68 were taken for 20xx, the others for 19xx.")
        )
    made = [note(code, message, column.present) for code, message in said]
    return replace(finding, notes=[*finding.notes, *made]) if made else finding


def _is_card(text: str) -> bool:
    if not re.fullmatch(r"\d{13,19}", text):
        return False
    doubled = [int(digit) * (1 + place % 2) for place, digit in enumerate(reversed(text))]
    return sum(number - 9 if number > 9 else number for number in doubled) % 10 == 0
