"""The lines of a HY-TEK report that are not results: titles, event headings, sections, scores.

The forms are those that Meet Manager 7 and 8 print; each was read off published sheets.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property

_GENDER = r"(?:Women|Men|Girls|Boys|Mixed|Female|Male|Coed|Open)(?:['’]?s)?\b"
_DISTANCE = r"(?:\d+\s*x\s*)?\d+(?:\.\d+)?\s+(?:(?:[LS]C\s+)?(?:Yard|Meter|Metre)s?|mtr|[LS]CM|[LS]CY)\b"
_TITLE = rf"(?P<title>{_GENDER}.*|\S.*?{_DISTANCE}.*|\S.*?\bDiving\b.*)"
_NUMBERED = rf"(?:Event\s+|#\s?)(?P<number>\d+[A-Z]*)\s+{_TITLE}"
_UNNUMBERED = rf"(?P<title>{_GENDER}(?:\s.*?)?\s{_DISTANCE}.*|{_GENDER}\s.*\bDiving\b.*)"
_MENTION = re.compile(rf"(?:^|\s|\()(?:Event\s+|#\s?)\d+[A-Z]*\s+(?:{_GENDER}|.*?{_DISTANCE})")
_EVENTS = (re.compile(_NUMBERED), re.compile(_UNNUMBERED))
_CONTINUATION = re.compile(
    r"^(?P<before>[^()]*)\(\s*(?P<event>(?:Event\s+\d|#\s?\d|" + _GENDER + r"\s)[^()]*(?:\([^()]*\)[^()]*)*)\)?$"
)
_SECTION = re.compile(
    r"^(?:(?P<prelim>Prelim(?:inarie)?s?)|(?P<semi>Semi-?\s?Finals?)|(?P<off>Swim-?\s?Offs?)"
    r"|(?P<final>[A-Z]\s*-?\s*Finals?|(?:(?:Timed|Championship|Consolation|Bonus|Super)\s+)?Finals?|Consolations?|Bonus))"
    r"(?P<rest>\s*(?:\.{2,}|…|\(continued\))?)$",
    re.IGNORECASE,
)
_SCORES = re.compile(
    r"\b(?:Team|Club|Combined)\s+(?:Rankings|Scores|Standings|Points)\b|\bIndividual\s+(?:High\s+)?(?:Points?|Scores|Rankings)\b"
    r"|\bHigh\s+Points?\b|\bThrough\s+Event\s+\d|^Scores\b",
    re.IGNORECASE,
)
_MONTH = r"[A-Z][a-z]{2,8}"
_DATE = "|".join(
    (
        r"\d{1,2}[/.-]\d{1,2}[/.-]\d{2,4}",
        rf"\d{{1,2}}[- ]{_MONTH}[- ]\d{{2,4}}",
        rf"{_MONTH} \d{{1,2}}, \d{{4}}",
        r"\d{4}-\d\d-\d\d",
    )
)
_DATES = re.compile(rf"^(?P<meet>.*?)(?:\s*-\s*|\s+|^)(?P<dates>(?:{_DATE})(?:\s+(?:to|-|–)\s+(?:{_DATE}))?)\s*$")
_LICENCE = re.compile(r"HY-?TEK|\bMEET MANAGER\b|\bTEAM MANAGER\b", re.IGNORECASE)
_PRINTED = re.compile(rf"({_DATE})\s+Page\s+\d+", re.IGNORECASE)
_SANCTION = re.compile(r"^(?:Sanction|Approv|Observ|Held under)", re.IGNORECASE)
_REPORT = re.compile(
    r"\b(?:(?P<results>Results)|(?P<top_times>Top Times|Best Times|Bestenliste|Ewige Bestenliste)"
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
        return "relay" in self.title.casefold()

    @cached_property
    def diving(self) -> bool:
        """Whether it is a dive, so that results are points and not times."""
        return re.search(r"\bdiv(?:e|es|ing)\b", self.title, re.IGNORECASE) is not None

    @cached_property
    def swim_off(self) -> bool:
        """Whether the whole event is a swim-off."""
        return re.search(r"\bswim-?\s?off\b", self.title, re.IGNORECASE) is not None

    @property
    def course(self) -> str | None:
        """`SCY`, `SCM` or `LCM`, None when the title does not say it (a dive, or plain `Meter`)."""
        if re.search(r"\bYards?\b|\bSCY\b", self.title):
            return "SCY"
        found = re.search(r"\b([LS]C)(?:M\b|\s+Met)", self.title)
        return f"{found[1]}M" if found else None


@dataclass(frozen=True, slots=True)
class Section:
    """A part of an event: `round` is a value of `Swim.round`, `name` is as printed (`A - Final`)."""

    round: str
    name: str


def read_event(text: str) -> Heading | None:
    """The event that starts with this line, or None.

    Forms: `Event 12 Women 200 Yard IM`, `#5 Women 200 Yard IM` and, in masters reports, `Women 25-29 200 Yard IM`.
    """
    for pattern in _EVENTS:
        found = pattern.fullmatch(text)
        if found:
            return Heading(found.groupdict().get("number"), " ".join(found["title"].split()))
    return None


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
    name = text[: found.start("rest")].strip()
    if found["prelim"]:
        return Section("prelim", name)
    if found["semi"]:
        return Section("semifinal", name)
    return Section("swim_off" if found["off"] else "final", name)


def ends_results(text: str) -> bool:
    """Whether team or individual scores start here, whose rows look like results."""
    return bool(_SCORES.search(text))


def is_licence(text: str) -> bool:
    """Whether this is the first line of a HY-TEK page."""
    return bool(_LICENCE.search(text))


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
        if re.match(r"Results\b", text) or (name and report_kind(text)):
            break
        if not _SANCTION.match(text):
            name.append(text)
    return ", ".join(name) or None, printed
