"""The lines of a HY-TEK report that are not results: titles, event headings, sections, scores.

The forms are those that Meet Manager 7 and 8 print; each was read off published sheets.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property, lru_cache

from app.extractions.layouts.hytek.languages import any_of

_EVENT = any_of("event")
_GENDER = rf"{any_of('sexes')}(?:['’]?s)?\b"
_COURSE = rf"(?:{any_of('long')}|{any_of('short')})"
_LENGTH = rf"(?:{any_of('length')}|{any_of('yards')})s?"
_DISTANCE = rf"(?:\d{{1,2}}\s*x\s*)?\d{{1,5}}(?:[.,]\d{{1,2}})?\s+(?:(?:{_COURSE}\s+)?{_LENGTH}|[LS]CM|[LS]CY)\b"
_DIVES = rf"\b{any_of('diving')}\b"
_TITLE = rf"(?P<title>{_GENDER}.*|\S.*?{_DISTANCE}.*|\S.*?{_DIVES}.*)"
_NUMBERED = rf"(?:{_EVENT}\s+|#\s?)(?P<number>\d+[A-Z]*)\s+{_TITLE}"
_UNNUMBERED = rf"(?P<title>{_GENDER}(?:\s.*?)?\s{_DISTANCE}.*|{_GENDER}\s.*{_DIVES}.*)"
_MENTION = re.compile(rf"(?:^|\s|\()(?:{_EVENT}\s+|#\s?)\d+[A-Z]*\s+(?:{_GENDER}|.*?{_DISTANCE})", re.IGNORECASE)
_EVENTS = (re.compile(_NUMBERED, re.IGNORECASE), re.compile(_UNNUMBERED, re.IGNORECASE))
_FIRST_WORD = re.compile(rf"{_EVENT}\b|#|{_GENDER}", re.IGNORECASE)
_CONTINUATION = re.compile(
    rf"^(?P<before>[^()]*)\(\s*(?P<event>(?:{_EVENT}\s+\d|#\s?\d|{_GENDER}\s)[^()]*(?:\([^()]*\)[^()]*)*)\)?$",
    re.IGNORECASE,
)
_LEG_COUNT = re.compile(r"\b\d\s*x\s*\d", re.IGNORECASE)
_RELAY = re.compile(rf"\b{any_of('relay')}\b", re.IGNORECASE)
_DIVING = re.compile(_DIVES, re.IGNORECASE)
_SWIM_OFF = re.compile(rf"\b{any_of('swim_off')}\b", re.IGNORECASE)
_TIME_TRIAL = re.compile(rf"\b{any_of('time_trial')}\b", re.IGNORECASE)
_YARDS = re.compile(rf"\d\s+{any_of('yards')}s?\b|\bSCY\b", re.IGNORECASE)
_LONG = re.compile(rf"\bLCM\b|\b{any_of('long')}\s+{any_of('length')}", re.IGNORECASE)
_SHORT = re.compile(rf"\bSCM\b|\b{any_of('short')}\s+{any_of('length')}", re.IGNORECASE)
_TIMED = r"(?:\s+(?:por\s+tiempos?|contra\s+reloj|por\s+tempos?|a\s+tempo|au\s+temps))?"
_SECTION = re.compile(
    rf"^(?:-\s*)?(?P<name>(?P<prelim>{any_of('prelims')})|(?P<semi>{any_of('semifinals')})|(?P<off>{any_of('swim_off')})"
    rf"|(?P<trial>{any_of('time_trial')})"
    rf"|(?P<final>(?:[A-Z]\s*-?\s*)?{any_of('final')}(?:\s*-?\s*[\"']?[A-Z][\"']?)?{_TIMED}"
    rf"|{any_of('before_final')}\s+{any_of('final')}))"
    r"(?:\s*(?:\.{2,}|…|\(continued\))?)$",
    re.IGNORECASE,
)
_SCORES = re.compile(rf"\b{any_of('scores')}|^Scores\b", re.IGNORECASE)
_RESULTS = re.compile(rf"(?:Meet\s+)?{any_of('results')}\b", re.IGNORECASE)
_MONTH = r"[^\W\d_]{3,10}\.?"
_DATE = "|".join(
    (
        r"\d{1,2}[/.-]\d{1,2}[/.-]\d{2,4}",
        rf"\d{{1,2}}(?:-|/| (?:de )?){_MONTH}(?:-|/| (?:de )?)\d{{2,4}}",
        rf"{_MONTH} \d{{1,2}}, \d{{4}}",
        r"\d{4}-\d\d-\d\d",
    )
)
_DATES = re.compile(
    rf"^(?P<meet>.*?)(?:\s*-\s*|\s+|^)(?P<dates>(?:{_DATE})(?:\s+(?:{any_of('to')}|-|–)\s+(?:{_DATE}))?)\s*$"
)
_LICENCE = re.compile(r"HY-?TEK|\b(?<!Splash )MEET MANAGER\b|\bTEAM MANAGER\b", re.IGNORECASE)
_MEET_MANAGER = re.compile(r"HY-?TEK.{0,20}\bMEET MANAGER\b", re.IGNORECASE)
_PRINTED = re.compile(rf"({_DATE})\s+(?:Page|P[aá]gina|Seite)\s+\d+", re.IGNORECASE)
_SANCTION = re.compile(r"^(?:Sanction|Approv|Observ|Held under|Licensed to\b)", re.IGNORECASE)
_REPORT = re.compile(
    rf"\b(?:(?P<results>{any_of('results')})|(?P<top_times>Top Times|Best Times|Bestenliste|Ewige Bestenliste)"
    r"|(?P<certificate>Certificate|Certifies|Urkunde)"
    r"|(?P<entries>Meet Program|(?:Psych|Heat|Lane|Timer|Scratch) Sheets?|(?:Start|Entry|Event|Seeding) Lists?"
    r"|Session Report|Timeline|Entries|Meldeergebnis(?:se)?|Meldeliste|Startliste|Laufeinteilung))\b",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Heading:
    """An event as printed: `number` (with its letter) is None in a report that leaves it out."""

    number: str | None
    title: str

    @cached_property
    def relay(self) -> bool:
        """Whether teams swim it, so that each row is followed by the swimmers of the team."""
        return _RELAY.search(self.title) is not None or _LEG_COUNT.search(self.title) is not None

    @cached_property
    def diving(self) -> bool:
        """Whether it is a dive, so that results are points and not times."""
        return _DIVING.search(self.title) is not None

    @cached_property
    def swim_off(self) -> bool:
        """Whether the whole event is a swim-off."""
        return _SWIM_OFF.search(self.title) is not None

    @cached_property
    def time_trial(self) -> bool:
        """Whether it is swum for a time and for nothing else."""
        return _TIME_TRIAL.search(self.title) is not None

    @property
    def course(self) -> str | None:
        """`SCY`, `SCM` or `LCM`, None when the title does not say it (a dive, or plain `Meter`)."""
        if _YARDS.search(self.title):
            return "SCY"
        return "LCM" if _LONG.search(self.title) else "SCM" if _SHORT.search(self.title) else None


@dataclass(frozen=True, slots=True)
class Section:
    """A part of an event: `round` is a value of `Swim.round`, `name` is as printed (`A - Final`)."""

    round: str
    name: str


def read_event(text: str) -> Heading | None:
    """The event that starts with this line, or None.

    Forms: `Event 12 Women 200 Yard IM`, `#5 Women 200 Yard IM` and, in masters reports, `Women 25-29 200 Yard IM`.
    """
    if text[:1].islower() or not _may_start_event(text.partition(" ")[0]):
        return None
    for pattern in _EVENTS:
        found = pattern.fullmatch(text)
        if found:
            return Heading(found.groupdict().get("number"), " ".join(found["title"].split()))
    return None


@lru_cache(maxsize=4096)  # names and clubs come again
def _may_start_event(word: str) -> bool:
    return _FIRST_WORD.match(word) is not None


def mentions_event(text: str) -> bool:
    """Whether the heading of an event stands somewhere in the line, which may run across several columns."""
    return bool(_MENTION.search(text)) or read_event(text) is not None or read_continuation(text) is not None


def read_continuation(text: str) -> tuple[Section | None, Heading] | None:
    """The event that goes on after a page or column break, with its section: `B - Final ... (Event 3 Women ...)`."""
    found = _CONTINUATION.match(text) if "(" in text else None
    event = read_event(found["event"].strip()) if found else None
    if not found or not event:
        return None
    before = found["before"].strip()
    section = read_section(before) if before else None
    return (section, event) if section or not before else None


def read_section(text: str) -> Section | None:
    """The section that starts with this line, or None."""
    found = _SECTION.match(text) if len(text) < 60 else None
    if not found:
        return None
    rounds = {"prelim": "prelim", "semi": "semifinal", "off": "swim_off", "trial": "time_trial"}
    kind = next((kind for kind in rounds if found[kind]), None)
    return Section(rounds[kind] if kind else "final", found["name"].strip())


def ends_results(text: str) -> bool:
    """Whether team or individual scores start here, whose rows look like results."""
    return bool(_SCORES.search(text))


def is_licence(text: str) -> bool:
    """Whether this is the first line of a HY-TEK page."""
    return bool(_LICENCE.search(text))


def names_meet_manager(text: str) -> bool:
    """Whether a line names the programme as HY-TEK's Meet Manager does in the first line of its pages."""
    return bool(_MEET_MANAGER.search(text))


def is_results_title(text: str) -> bool:
    """Whether a title line says that results follow."""
    return bool(_RESULTS.match(text))


def report_kind(text: str) -> str | None:
    """What a title line says the report is: `results`, `entries`, `top_times`, `certificate`, or None."""
    found = _REPORT.search(text)
    return found.lastgroup if found else None


def read_meet(header: list[str]) -> tuple[str | None, str | None]:
    """Name and dates of the meet from the title lines of a page.

    The name stands on the lines between the licence and the kind of report; the line with the dates ends it. Without
    dates there the day of printing is taken.
    """
    printed: str | None = None
    name: list[str] = []
    for text in header:
        if is_licence(text):
            found = _PRINTED.search(text)
            printed = found[1] if found else printed
            continue
        dated = _DATES.match(text)
        if dated:
            if dated["meet"].strip():
                name.append(dated["meet"].strip())
            return ", ".join(name) or None, dated["dates"]
        if is_results_title(text) or (name and report_kind(text)):
            break
        if not _SANCTION.match(text):
            name.append(text)
    return ", ".join(name) or None, printed
