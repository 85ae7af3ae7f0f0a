"""When a schedule is due: cron expressions in a time zone, in words that people say, and in those that they write."""

from __future__ import annotations

import itertools
import re
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

DAYS: Final = ("sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday")
_SPANS: Final = {"day": "*", "weekday": "1-5", "workday": "1-5", "weekend": "0,6"}
_TIME: Final = r"(?P<hour>\d{1,2})(?:[:.](?P<minute>\d{2}))?\s*(?P<half>am|pm)?"
_AT: Final = re.compile(rf"every (?P<days>[a-z, ]+?),? (?:at )?{_TIME}")
_OF_MONTH: Final = re.compile(rf"every month on the (?P<day>\d{{1,2}})(?:st|nd|rd|th)?,? (?:at )?{_TIME}")
_EACH: Final = re.compile(r"every (?:(?P<number>\d{1,2}) )?(?P<unit>minute|hour)s?")


class ScheduleNotReadable(ValueError):
    """Neither a cron expression nor words that are understood; the message says why."""


def read_schedule(written: str) -> str:
    """A cron expression of five fields, from one or from words such as `every Monday 9 AM`."""
    text = " ".join(written.split())
    cron = text if _looks_like_cron(text) else _cron_of(text.lower())
    if cron is None and (found := _EACH.fullmatch(text.lower())):
        whole, each = (60, "hour") if found["unit"] == "minute" else (24, "day")
        raise ScheduleNotReadable(
            f"cron begins anew with each {each}: choose a number of {found['unit']}s that divides {whole}, or write"
            f" {'*/' + found['number'] + ' * * * *' if whole == 60 else '0 */' + found['number'] + ' * * *'}"
        )
    if cron is None:
        raise ScheduleNotReadable("write a cron expression of five fields, or words such as 'every Monday 9:00'")
    try:
        next(CronSim(cron, datetime(2026, 1, 1)))
    except (CronSimError, StopIteration) as error:
        raise ScheduleNotReadable(f"{cron}: {str(error) or 'never comes'}") from None
    return cron


def _looks_like_cron(text: str) -> bool:
    return text.count(" ") == 4 and not text.lower().startswith("every")


def _cron_of(text: str) -> str | None:
    if found := _EACH.fullmatch(text):
        number, whole = int(found["number"] or 1), 60 if found["unit"] == "minute" else 24
        if not number or whole % number:
            return None  # cron starts anew with each hour and day, so the last gap would be another one
        every = "*" if number == 1 else f"*/{number}"
        return f"{every} * * * *" if found["unit"] == "minute" else f"0 {every} * * *"
    if found := _OF_MONTH.fullmatch(text):
        return f"{_clock(found)} {int(found['day'])} * *"
    if found := _AT.fullmatch(text):
        days = _days(found["days"])
        return f"{_clock(found)} * * {days}" if days else None
    return None


def _clock(found: re.Match[str]) -> str:
    hour = int(found["hour"])
    if found["half"]:
        hour = hour % 12 + 12 * (found["half"] == "pm") if 1 <= hour <= 12 else 99
    return f"{int(found['minute'] or 0)} {hour}"


def _days(text: str) -> str | None:
    if text.strip() in _SPANS:
        return _SPANS[text.strip()]
    words = [word.removesuffix("s") for word in re.split(r"[, ]+|\band\b", text) if word and word != "and"]
    numbers = [place for word in words for place, day in enumerate(DAYS) if word in (day, day[:3])]
    return ",".join(map(str, sorted(set(numbers)))) if words and len(numbers) == len(words) else None


def in_words(cron: str) -> str:
    """What people say: `every Monday 9:00`; other expressions as sentences, such as `At 09:00 on the last day ...`."""
    cron = unrolled(cron)
    minute, hour, day, month, weekday = cron.split()
    if found := re.fullmatch(r"\*/(\d+) \* \* \* \*|0 \*/(\d+) \* \* \*", cron):
        return f"every {found[1]} minutes" if found[1] else f"every {found[2]} hours"
    if minute.isdecimal() and hour.isdecimal() and (day, month) == ("*", "*"):
        clock = f"{int(hour)}:{int(minute):02d}"
        spans = {days: f"every {word}" for word, days in reversed(_SPANS.items())}
        if weekday in spans:
            return f"{spans[weekday]} {clock}"
        if re.fullmatch(r"[0-7](,[0-7])*", weekday):
            names = [DAYS[int(number) % 7].capitalize() for number in weekday.split(",")]
            return f"every {' and '.join([', '.join(names[:-1]), names[-1]] if names[1:] else names)} {clock}"
    said = str(CronSim(cron, datetime(2026, 1, 1)).explain())
    for wrong, right in _ORDINALS.items():
        said = said.replace(wrong, right)
    is_either = not day.startswith("*") and not weekday.startswith("*")
    return said.replace(" of month and on ", " of month or on ") if is_either else said


_ORDINALS: Final = {"21th": "21st", "22th": "22nd", "23th": "23rd", "31th": "31st"}
_SPANS_OF_FIELDS: Final = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 6))
_NAMES_OF_FIELDS: Final = (
    ("minutes", "hour"),
    ("hours", "day"),
    ("days", "month"),
    ("months", "year"),
    ("days", "week"),
)


def _stepped(field: str, place: int) -> list[int] | None:
    """The values of a field such as `*/7` or `3-59/7` whose steps are not all alike; None: of any other field."""
    found = re.fullmatch(r"(?:\*|(\d+)-(\d+))/(\d+)", field)
    first, last = _SPANS_OF_FIELDS[place]
    if not found:
        return None
    low, high, step = int(found[1] or first), int(found[2] or last), int(found[3])
    is_even = field.startswith("*") and (last + 1 - first) % step == 0 and place != 2
    return None if is_even or not step else list(range(low, high + 1, step))


def unrolled(cron: str) -> str:
    """The expression with the values of uneven steps in their place, which say what they do."""
    fields = [(_stepped(field, place), field) for place, field in enumerate(cron.split())]
    return " ".join(",".join(map(str, values)) if values else field for values, field in fields)


def notes_on(cron: str) -> list[str]:
    """What an expression does that people might not expect, in sentences."""
    fields, notes = cron.split(), []
    for place, field in enumerate(fields):
        values = _stepped(field, place)
        if not values or not field.startswith("*"):
            continue
        unit, whole = _NAMES_OF_FIELDS[place]
        step, first, last = field.rpartition("/")[2], values[0], values[-1]
        said = f"Cron begins anew with each {whole}, so this is not every {step} {unit}"
        if place < 2:
            gap = _SPANS_OF_FIELDS[place][1] + 1 - last + first
            notes.append(f"{said}: from {unit[:-1]} {last} to the next {unit[:-1]} {first} it is {gap} {unit}.")
        else:
            shown = [DAYS[value].capitalize() for value in values] if place == 4 else list(map(str, values))
            which = "" if place == 4 else f"{unit[:-1]} "
            notes.append(f"{said}: it runs on {which}{', '.join(shown)} of each {whole}.")
    if not fields[2].startswith("*") and not fields[4].startswith("*"):
        notes.append("It runs when either the day of the month or the day of the week fits, not only when both do.")
    if (days := re.fullmatch(r"(29|30|31)", fields[2])) and fields[4].startswith("*"):
        notes.append(f"It does not run in months without a day {days[1]}.")
    return notes


def times_missed(cron: str, time_zone: str, first: datetime, now: datetime, most: int) -> list[datetime]:
    """The times of a schedule whose time `first` is due, up to now; of more than so many the latest."""
    simulated = CronSim(cron, now.astimezone(ZoneInfo(time_zone)), reverse=True)
    latest = list(itertools.takewhile(lambda moment: moment > first, itertools.islice(simulated, most)))
    return [first, *reversed(latest)][-most:]


def next_times(cron: str, time_zone: str, after: datetime, count: int = 1) -> list[datetime]:
    """The next times after a moment. A time that a change to summer time leaves out comes at its end; one that comes
    twice in autumn counts once unless the schedule runs every hour (as Debian's cron has it)."""
    simulated = CronSim(cron, after.astimezone(ZoneInfo(time_zone)))
    return [moment for moment, _ in zip(simulated, range(count), strict=False)]
