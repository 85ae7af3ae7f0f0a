"""The lines above a table of Omega's: which event it is, in which round, and the code at the foot that says it too."""

from __future__ import annotations

import re
from typing import NamedTuple

from app.extractions.layouts.omega.tables import cells_of
from app.extractions.pdf.page import Line

_STROKES = (
    r"(?:(?:Freestyle|Backstroke|Breaststroke|Butterfly|(?:Individual\s+)?Medley|I\.?M\.?)\b"
    r"(?:\s+(?:Relay|Skins?|Knock-?out|Multi-?Class|S[BM]?\d{1,2}(?:-S?[BM]?\d{1,2})?))*)"
)
_GENDER = r"(?:Women|Men|Mixed|Girls|Boys)(?:['’]?s)?"
_SWIM_OFF = r"Swim-?\s?offs?(?:\s+\d)?"
_STAGE = (
    r"(?:(?:(?:(?:Slow|Fast)(?:er|est)?\s+)?Heats?|Preliminar\w+|Quarter-?\s?finals?|Semi-?\s?finals?"
    r"|(?:[A-D]\s*-?\s*|Timed\s+|Direct\s+)?Finals?|Time\s+Trials?|Round)"
    rf"(?:\s+(?:\d+|[A-D]))?(?:\s+of\s+\d+)?(?:\s+-?\s*{_SWIM_OFF})?|{_SWIM_OFF})"
)
_WHEN = r"(?:(?:\d{1,2}\s+[A-Z]{3}\s+\d{4}|-|\d{1,2}:\d\d|[AP]M)\s+){0,5}"
_TITLE = re.compile(
    rf"(?:Event\s+(?:Number\s+|No\.?\s*)?(?P<number>\d+[A-Z]?)\s+)?{_WHEN}"
    rf"(?P<title>{_GENDER}\s+(?:\d+\s?x\s?)?\d+\s?m\s+{_STROKES}|(?:\d+\s?x\s?)?\d+\s?m\s+{_STROKES}\s+{_GENDER})"
    rf"(?:\s+-?\s*(?P<stage>{_STAGE})(?:\s[^.]*)?)?",
    re.IGNORECASE,
)
_UNIT = re.compile(r"Event\s+(\d+[A-Z]?)", re.IGNORECASE)
_NUMBER = re.compile(r"Event\s+(?P<own>Number\s+|No\.?\s*)?(?P<number>\d+[A-Z]?)\b(?!\s*[-:/.]\d)", re.IGNORECASE)
_IS_STAGE = re.compile(_STAGE, re.IGNORECASE)
_STAGE_LINE = re.compile(rf"({_STAGE})(?:\s+-?\s*(?:Results(?: Summary)?))?", re.IGNORECASE)
_WORDS = re.compile(r"(?!.*\d:\d\d).*[^\W\d_]{3}")
_RELAY = re.compile(r"\d\s?x\s?\d|\brelay\b", re.IGNORECASE)
_SHORT = 40  # characters: a line that only says which event it is
_CODE = re.compile(
    r"[A-Z]{3}[A-Z0-9-]{15,40}?(?P<phase>HEAT|[SQ\d]FNL|FNL-)?(?P<unit>[0-9A-Z-]{8})_+(?P<report>\d\d)\w*", re.ASCII
)
_TIMING = re.compile(r"(?:Official )?Timekeeping by Omega|Report Created by", re.IGNORECASE)


class Title(NamedTuple):
    """An event as printed; `unit` is its number on the timetable, which is not always that of the event."""

    unit: str | None
    event: str
    stage: str | None

    @property
    def is_relay(self) -> bool:
        """Whether teams swim it."""
        return _RELAY.search(self.event) is not None


class Code(NamedTuple):
    """The code at the foot of a page: the phase (`HEAT`, `SFNL`, `FNL-`), its unit, and the number of the report."""

    phase: str
    unit: str
    report: int

    @property
    def holds_results(self) -> bool:
        """Whether the report is one of results, of one heat or of a round."""
        return self.report in (73, 74)


def read_title(line: Line) -> Title | None:
    """The event that a line names."""
    text = line.text
    if found := _TITLE.fullmatch(text):
        return Title(found["number"], found["title"], found["stage"])
    if not text.startswith("Event ") or len(text) > 120:
        return None
    # An event of a form that is not known, such as a race of a sponsor's own: told by the gaps between the parts.
    first, *others = [cell.text for cell in cells_of(line.words)]
    unit = _UNIT.fullmatch(first)
    names = [text for text in others if _WORDS.match(text) and not _IS_STAGE.fullmatch(text)]
    if unit is None or not names:
        return None
    return Title(unit[1], names[0], next((text for text in others if _IS_STAGE.fullmatch(text)), None))


def read_number(text: str) -> tuple[str, bool] | None:
    """The number on a line that holds little else, and whether it is the event's own (`Event Number 8`)."""
    found = _NUMBER.match(text) if len(text) < _SHORT else None
    return (found["number"], found["own"] is not None) if found else None


def read_stage(text: str) -> str | None:
    """The heading of a round that stands on a line of its own."""
    found = _STAGE_LINE.fullmatch(text) if len(text) < 50 else None
    return found[1] if found else None


def read_code(text: str) -> Code | None:
    """The code that starts the last line of a page."""
    found = _CODE.match(text)
    return Code(found["phase"] or "", found["unit"], int(found["report"])) if found else None


def is_timing(text: str) -> bool:
    """Whether a line says who took the times, or which programme printed the page."""
    return _TIMING.search(text) is not None
