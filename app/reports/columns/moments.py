"""Dates, times and both together by the way they are written."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from functools import lru_cache
from typing import Final

from app.reports.columns.kinds import ALL, FORMS, MOMENTS, NONE, Kind, Order, T
from app.reports.columns.months import MONTHS
from app.reports.readers.scratch import quoted

_GAP: Final = "[ \u00a0\u202f]"
_ZONE: Final = r"(?:Z|z|[+-]\d{2}(?::?\d{2})?)"
_ANY_ZONE: Final = rf"(?:{_GAP}?{_ZONE}|{_GAP}(?:UTC|GMT)(?:[+-]\d{{1,2}}(?::?\d{{2}})?)?)(?: \([A-Za-z ]+\))?"
_MERIDIEM: Final = rf"{_GAP}?[AaPp]\.?[Mm]\.?"
_CLOCK: Final = r"\d{1,2}:\d{2}(?::\d{2}(?:\.\d{1,6})?)?"
_ANY_CLOCK: Final = rf"\d{{1,2}}:\d{{2}}(?::\d{{2}}(?:[.,]\d{{1,6}})?)?(?:{_MERIDIEM})?(?:{_ANY_ZONE})?"
_WORD_MONTHS: Final = "|".join(sorted((word for month in MONTHS for word in month), key=len, reverse=True))
_MONTH: Final = rf"(?:{_WORD_MONTHS})\.?"
_WEEKDAY: Final = r"(?:[A-Za-zÀ-žЀ-ӿ]{2,12}\.?,? )?"
_DAY: Final = r"\d{1,2}(?:st|nd|rd|th|er|º|ª|\.)?"
_YEAR: Final = r"(?:\d{4}|'?\d{2})"
_NAMED: Final = {
    "dmy": rf"(?i:{_WEEKDAY}{_DAY}(?: de |[ /-]){_MONTH}(?: del? |,? |[/-]){_YEAR})",
    "mdy": rf"(?i:{_WEEKDAY}{_MONTH} {_DAY},? {_YEAR})",
}
_NUMERIC: Final = re.compile(r"(\d{1,4})([-/.])(\d{1,2})\2(\d{1,4})(?:[T ,].*)?", re.DOTALL)
_NAMED_DMY: Final = re.compile(rf"{_NAMED['dmy']}(?:[T ,:].*)?", re.DOTALL)
_NAMED_MDY: Final = re.compile(rf"{_NAMED['mdy']}(?:[T ,:].*)?", re.DOTALL)
_CTIME: Final = rf"(?i:{_WEEKDAY}{_MONTH} {{1,2}}\d{{1,2}} \d{{1,2}}:\d{{2}}:\d{{2}} (?:[A-Z]{{3,4}} )?\d{{4}})"
_WEEK: Final = r"\d{4}-?W\d{2}-?[1-7]"
_COMPACT: Final = r"\d{8}T\d{4}(?:\d{2})?"
_NO_FORM: Final = dict.fromkeys(FORMS, NONE)
_ISO: Final = _NO_FORM | dict.fromkeys(MOMENTS, ALL)
TIME: Final = Kind(
    "time",
    "hh:mm:ss",
    r"\d{1,2}:\d{2}(?::\d{2}(?:\.\d{1,6})?)?",
    f"coalesce(try_cast({T} as time), try_cast({T} || ':00' as time))",
    "time",
    forms=_NO_FORM,
)
_HALF_DAY: Final = "(case when {t} ilike '%p%' and not {t} like '12%' then interval 12 hour" + (
    " when {t} ilike '%a%' and {t} like '12%' then interval '-12' hour else interval 0 hour end)"
)
TIME_OF_HALF_DAY: Final = Kind(
    "time",
    "hh:mm:ss AM/PM",
    rf"(?:0?[1-9]|1[0-2]):\d{{2}}(?::\d{{2}})?{_MERIDIEM}",
    f"(try_cast(regexp_extract({T}, '[0-9:]+') || case when regexp_matches({T}, ':.*:') then '' else ':00' end as time)"
    f" + {_HALF_DAY.format(t=T)})",
    "time",
    forms=_NO_FORM,
)
Form = tuple[str, str, int]
"""How the day is written: the order of its parts, what stands between them, and the digits of the year."""


_BEHIND: Final = (
    r"(?::[0-9]{2}[^+-]*|T[0-9]{4,6})((?:UTC|GMT)?[+-]\d{1,2}(?::?\d{2})?|Z|z|UTC|GMT)(?: \([A-Za-z ]+\))?$"
)
_OFFSET: Final = f"nullif(regexp_extract({T}, {quoted(_BEHIND)}, 1), '')"
"""SQL for the offset from UTC behind a clock, as it is written."""


def form_of(text: str) -> Form | None:
    """How the day in a value is written; `xy` where it is not plain whether the day or the month comes first."""
    if len(text) > 60:
        return None
    if match := _NUMERIC.fullmatch(text):
        first, mark, _, last = match.groups()
        if len(first) == 4 and len(last) <= 2:
            return "ymd", mark, 4
        return ("xy", mark, len(last)) if len(first) <= 2 and len(last) in (2, 4) else None
    if re.fullmatch(rf"{_WEEK}", text):
        return "week", "", 4
    if re.fullmatch(rf"{_COMPACT}(?:{_ZONE})?", text):
        return "compact", "", 4
    if not (text[:1].isdigit() or text[:1].isalpha()):
        return None
    if _NAMED_DMY.fullmatch(text):
        return "dmy named", "", 4
    if re.fullmatch(_CTIME, text):
        return "ctime", "", 4
    return ("mdy named", "", 4) if _NAMED_MDY.fullmatch(text) else None


def moment_kinds(examples: Iterable[str]) -> list[Kind]:
    """The kinds worth trying on a column with such values, the narrower first."""
    forms = Counter(form for example in examples if (form := form_of(example)))
    return [kind for form, _ in forms.most_common(3) for kind in _kinds(form)]


@lru_cache(maxsize=64)
def _kinds(form: Form) -> tuple[Kind, ...]:
    written, mark, digits = form
    if written == "week":
        monday = f"try_strptime(replace(replace({T}, '-', ''), 'W', ''), '%G%V%u')"
        return (Kind("date", "YYYY-Www-D (ISO week)", _WEEK, f"{monday}::date", "date", forms=_NO_FORM),)
    if written == "ctime":
        parts = quoted(rf"(?i)^{_WEEKDAY}({_MONTH}) +(\d{{1,2}}) (\S+) .*?(\d{{4}})$")
        turned = f"regexp_replace({T}, {parts}, '\\1 \\2, \\4 \\3')"
        value = f"try_cast({_named_day('mdy').replace(T, turned)} as timestamp)"
        return (Kind("timestamp", "Mon DD hh:mm:ss YYYY", _CTIME, value, "timestamp", forms=_NO_FORM),)
    if written == "compact":
        parts = r"'^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)?.*$', '\1-\2-\3 \4:\5:\6'"
        plain = f"try_cast(rtrim(regexp_replace({T}, {parts}), ':') as timestamp)"
        said = "YYYYMMDDThhmmss"
        pattern = rf"{_COMPACT}(?:{_ZONE})?"
        return (Kind("timestamp", said, pattern, plain, "timestamp", offset=_OFFSET, forms=_NO_FORM),)
    if written == "ymd":
        return _of_day(
            rf"\d{{4}}{re.escape(mark)}\d{{1,2}}{re.escape(mark)}\d{{1,2}}", _iso(mark), f"YYYY{mark}MM{mark}DD"
        )
    if written.endswith("named"):
        order: Order = "dmy" if written.startswith("dmy") else "mdy"
        return _of_day(_NAMED[order], _named_day(order), "DD Month YYYY" if order == "dmy" else "Month DD, YYYY")
    pattern = rf"\d{{1,2}}{re.escape(mark)}\d{{1,2}}{re.escape(mark)}\d{{{digits}}}"
    orders: tuple[Order, ...] = ("mdy", "dmy") if digits == 4 else ("mdy", "dmy", "ymd")
    if mark == ".":
        orders = ("dmy",) if digits == 4 else ("dmy", "ymd")
    found: list[Kind] = []
    for order in orders:
        letters = {"d": "DD", "m": "MM", "y": "Y" * digits}
        said = mark.join(letters[letter] for letter in order)
        codes = {"d": "%d", "m": "%m", "y": "%Y" if digits == 4 else "%y"}
        found += _of_day(pattern, _numeric_day(order, digits), said, order, mark.join(codes[each] for each in order))
    return tuple(found)


def _of_day(day: str, sql: str, said: str, order: Order | None = None, codes: str | None = None) -> tuple[Kind, ...]:
    """A day alone, with a clock in some values, and with anything that stands beside a clock.

    `sql` puts the day in the order of ISO 8601; where `codes` say it to strptime, which is faster, that is asked first.
    """
    is_iso = said == "YYYY-MM-DD"
    date_value, moment = f"try_cast({sql} as date)", f"try_cast({sql} as timestamp)"
    if codes:
        date_value = f"try_strptime({T}, {quoted(codes)})::date"
        moment = f"coalesce(try_strptime({T}, {quoted(f'{codes} %H:%M:%S')}), {moment})"
    alone = Kind("date", said, day, date_value, "date", order=order, forms=_NO_FORM)
    timed = "ISO 8601" if is_iso else f"{said} hh:mm:ss"
    clock = rf"{day}(?:(?:[T:]|{_GAP}+|, ?){_CLOCK}"
    usual = Kind("timestamp", timed, rf"{clock})?", moment, "timestamp", order=order, forms=_NO_FORM)
    zoned = replace(usual, pattern=rf"{clock}(?:{_GAP}?{_ZONE})?)?", offset=_OFFSET)
    kinds = [alone, usual, zoned]
    if is_iso:
        days = replace(alone, forms=_NO_FORM | {"date": ALL}, keeps=("date",))
        kinds = [days, *(replace(each, forms=_ISO, keeps=MOMENTS) for each in kinds[1:])]
        cut = f"regexp_replace({T}, {quoted(rf'(:[0-9.]+){_GAP}?{_ZONE}$')}, '\\1')"
        value, pattern = f"try_cast({cut} as timestamp_ns)", zoned.pattern.replace("{1,6}", "{1,9}")
        forms = _NO_FORM | dict.fromkeys(MOMENTS, f"try_cast({T} as timestamp_ns)")
        kinds.append(replace(zoned, pattern=pattern, value=value, type="timestamp_ns", forms=forms))
    every = rf"{day}(?:(?:[T:]|{_GAP}+|, ?){_ANY_CLOCK})?"
    tail = quoted(rf"(:\d\d)(?:[.,]\d+)?(?:{_MERIDIEM})?(?:{_ANY_ZONE})?$")
    whole = sql.replace(T, f"regexp_replace({T}, {tail}, '\\1')")
    fraction = f"regexp_extract({T}, ':[0-9]{{2}}[.,]([0-9]+)', 1)"
    micros = f"to_microseconds(coalesce(try_cast(rpad({fraction}, 6, '0')[:6] as bigint), 0))"
    half = f"lower(regexp_extract({T}, ':[0-9]{{2}}[^:]*?([AaPp])[.]?[Mm]', 1))"
    hour = f"coalesce(try_cast(regexp_extract({T}, '([0-9]{{1,2}}):[0-9]{{2}}', 1) as integer), 0)"
    shift = f"case when {half} = 'p' and {hour} < 12 then 12 when {half} = 'a' and {hour} = 12 then -12 else 0 end"
    value = f"(try_cast({whole} as timestamp) + {micros} + to_hours({shift}))"
    return *kinds, replace(zoned, pattern=every, value=value, forms=_ISO if is_iso else _NO_FORM)


def _iso(mark: str) -> str:
    if mark == "-":
        return T
    if mark == "/":
        return f"replace({T}, '/', '-')"
    return f"regexp_replace({T}, '^([0-9]{{4}})[.]([0-9]{{1,2}})[.]', '\\1-\\2-')"


def _numeric_day(order: Order, digits: int) -> str:
    """SQL that puts the parts of a day in the order of ISO 8601, with what follows the day behind it."""
    places = {letter: place + 1 for place, letter in enumerate(order)}
    ordered = rf"\{places['y']}-\{places['m']}-\{places['d']} "
    edges = [r"(\d{1,2})[-/.]", r"(\d{1,2})[-/.]", r"(\d{1,2})"]
    if digits == 4:
        edges[places["y"] - 1] = edges[places["y"] - 1].replace("1,2", "4")
        return f"rtrim(regexp_replace({T}, {quoted('^' + ''.join(edges) + '[T, ]*')}, {quoted(ordered)}))"
    sql = T
    for century, years in (("20", r"([0-5]\d|6[0-8])"), ("19", r"(69|[7-9]\d)")):
        own = [*edges]
        own[places["y"] - 1] = own[places["y"] - 1].replace(r"(\d{1,2})", years)
        sql = f"regexp_replace({sql}, {quoted('^' + ''.join(own) + r'(?:[T, ]+|$)')}, {quoted(century + ordered)})"
    return f"rtrim({sql})"


def _named_day(order: Order) -> str:
    """SQL for the same of a day whose month is a word."""
    number, month = r"\d{1,2}(?:st|nd|rd|th|er|º|ª|\.)?", rf"({_WORD_MONTHS})\.?"
    parts = [rf"({number[:7]}){number[7:]}(?: de |[ /-])", rf"{month}(?: del? |,? |[/-])"]
    if order == "mdy":
        parts = [rf"{month} ", rf"({number[:7]}){number[7:]},? "]
    whole = quoted(rf"(?i)(?:^|[ ,]){''.join(parts)}'?(\d{{4}}|\d{{2}})(.*)$")
    day, word = (f"regexp_extract({T}, {whole}, {place})" for place in ((1, 2) if order == "dmy" else (2, 1)))
    year, rest = (f"regexp_extract({T}, {whole}, {place})" for place in (3, 4))
    months = " ".join(
        f"when lower({word}) in ({', '.join(map(quoted, words))}) then '{place:02}'"
        for place, words in enumerate(MONTHS, 1)
    )
    century = f"case when strlen({year}) = 4 then '' when {year} < '69' then '20' else '19' end"
    return f"rtrim(concat({century}, {year}, '-', case {months} end, '-', {day}, ' ', ltrim({rest}, ' ,T:')))"
