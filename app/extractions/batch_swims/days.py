"""The days of a meet from what a sheet prints: surely, or not at all."""

from __future__ import annotations

import re
from datetime import date
from functools import lru_cache
from typing import Final, NamedTuple

from app.extractions.batch_swims.event_words import plain

_MONTHS: Final = {
    word: number
    for number, words in enumerate(
        (
            "january jan januar janner enero ene janeiro janvier janv gennaio gen stycznia styczen ocak января январь"
            " янв",
            "february feb februar febrero fevereiro fev fevrier fevr febbraio lutego luty subat февраля февраль фев",
            "march mar marz mrz marzo marco mars marca marzec mart марта март мар",
            "april apr abril abr avril avr aprile kwietnia kwiecien nisan апреля апрель апр",
            "may mai mayo maio maggio mag maja maj mayis мая маи",
            "june jun juni junio junho juin giugno giu czerwca czerwiec haziran июня июнь июн",
            "july jul juli julio julho juillet juil luglio lug lipca lipiec temmuz июля июль июл",
            "august aug agosto ago aout sierpnia sierpien agustos августа август авг",
            "september sep sept septiembre setiembre setembro set septembre settembre wrzesnia wrzesien eylul сентября"
            " сентябрь сен сент",
            "october oct oktober okt octubre outubro out octobre ottobre ott pazdziernika pazdziernik ekim октября"
            " октябрь окт",
            "november nov noviembre novembro novembre listopada listopad kasim ноября ноябрь ноя нояб",
            "december dec dezember dez diciembre dic dezembro decembre dicembre grudnia grudzien aralik декабря декабрь"
            " дек",
        ),
        1,
    )
    for word in words.split()
}
_TOKEN: Final = re.compile(r"\d+|[^\W\d_]+|[^\w\s]")
_ISO: Final = re.compile(r"(?<!\d)(\d{4})-(\d{2})-(\d{2})(?!\d)")
_NUMERIC: Final = re.compile(r"(?<!\d)(\d{1,2})([./-])(\d{1,2})\2(\d{4}|\d{2})(?!\d)")
_GERMAN_RANGE: Final = re.compile(
    r"(?<!\d)(\d{1,2})\.(?:(\d{1,2})\.)?\s*(?:[-–—/]|bis|und|al|to|do|до)\s*(\d{1,2})\.(\d{1,2})\.(\d{4}|\d{2})(?!\d)"
)
_LONGEST_MEET: Final = 400
"""Days: some sheets carry a season. A longer range is a sign of a wrong reading."""
_SHORT_MEET: Final = 14
_LONG_MEET: Final = 28


class Days(NamedTuple):
    """The first and the last day, both None when they are not sure."""

    first: date | None
    last: date | None


_NONE: Final = Days(None, None)


@lru_cache(maxsize=10_000)
def read_days(text: str | None, course: str | None = None) -> Days:
    """`10/19/2018 to 10/20/2018`, `18 June - 3 July 2022`, `Aug 1, 2026`, `5.-6.7.2025`.

    Whether 3/4 is a day of March or April is decided by the other date of a range, and by yards as the `course`, which
    only the United States swim; otherwise it stays open. With points between the numbers the day comes first.
    """
    plain_text = plain((text or "")[:300])
    if iso := _ISO.findall(plain_text):
        return _range([_day(year, month, day) for year, month, day in iso])
    if match := _GERMAN_RANGE.search(plain_text):
        day, month, last_day, last_month, year = match.groups()
        last = _day(year, last_month, last_day)
        first = _day(year, month or last_month, day)
        if first and last and first > last and month:
            first = _day(str(last.year - 1), month, day)
        return _range([first, last])
    if numeric := _NUMERIC.findall(plain_text):
        return _numeric(numeric, month_first=course == "SCY")
    return _worded(plain_text)


def _day(year: str, month: str | int, day: str) -> date | None:
    number = int(year)
    try:
        return date(number if number >= 100 else 2000 + number if number < 70 else 1900 + number, int(month), int(day))
    except ValueError:
        return None


def _range(days: list[date | None]) -> Days:
    known = [day for day in days if day]
    if not known or len(known) < len(days):
        return _NONE
    first, last = min(known), max(known)
    return Days(first, last) if (last - first).days <= _LONGEST_MEET else _NONE


def _numeric(found: list[tuple[str, str, str, str]], *, month_first: bool) -> Days:
    """All dates of a sheet are written in one way: all with the day first, or all with the month first."""
    readings = set()
    for swap in (True,) if month_first else (False, True):
        days = []
        for one, mark, two, year in found[:2]:
            day, month = (two, one) if swap and mark != "." else (one, two)
            days.append(_day(year, month, day))
        if len(days) == 1 or (days[0] and days[1] and days[0] <= days[1]):
            readings.add(_range(days))
    readings.discard(_NONE)
    if len(readings) > 1:
        # Rather a meet of three days than one of three months.
        short = {days for days in readings if _length(days) <= _SHORT_MEET}
        readings = short if min(map(_length, readings - short), default=0) >= _LONG_MEET else readings
    return readings.pop() if len(readings) == 1 else _NONE


def _length(days: Days) -> int:
    return (days.last - days.first).days if days.first and days.last else 0


def _worded(text: str) -> Days:
    """Days with the names of months; the year may be printed once, for both ends of a range."""
    tokens = _TOKEN.findall(text)
    months = [(place, _MONTHS[token]) for place, token in enumerate(tokens) if token in _MONTHS]
    numbers = [(place, token) for place, token in enumerate(tokens) if token.isdigit()]
    years = [(place, token) for place, token in numbers if len(token) == 4]
    days = [(place, token) for place, token in numbers if len(token) <= 2]
    if len(years) == 0 and len(days) > len(months) >= 1:  # 12-Feb-22
        years, days = [days[-1]], days[:-1] if len(months) == 1 else days
        if len(months) == 2:
            years, days = [days[1], days[3]] if len(days) == 4 else [], [days[0], days[2]] if len(days) == 4 else []
    if not (1 <= len(months) <= 2 and 1 <= len(days) <= 2 and 1 <= len(years) <= 2):
        return _NONE
    if len(months) > len(days):
        return _NONE
    ends = []
    for index, (_, day) in enumerate(days):
        month = months[min(index, len(months) - 1)][1]
        year = years[min(index, len(years) - 1)][1]
        ends.append((day, month, year))
    first, last = ends[0], ends[-1]
    start, end = _day(first[2], first[1], first[0]), _day(last[2], last[1], last[0])
    if start and end and start > end and len(years) == 1:  # 28 December - 3 January 2026
        start = _day(str(end.year - 1), first[1], first[0])
    return _range([start, end])
