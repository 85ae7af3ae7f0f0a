"""The lines of a protocol that are no results: events, parts, rankings, blocks, lists of points, the foot of a page."""

from __future__ import annotations

import re
from typing import Final

from app.extractions.pdf.page import Line

TIME: Final = r"(?:\d{1,2}:){0,2}\d{2},\d{2}"
_ANY_TIME: Final = re.compile(TIME)
_EVENT: Final = re.compile(
    r"(?P<more>noch\s+)?(?:Wettkampf|WK)\s+(?P<number>\d+[A-Za-z]?)\s*[-–:]\s*(?P<title>\S.*)", re.IGNORECASE
)
_STATES: Final = {
    "disqualifiziert": "DQ",
    "disqualifikationen": "DQ",
    "nicht am start": "NS",
    "nicht angetreten": "NS",
    "abgemeldet": "SCR",
    "aufgegeben": "DNF",
}
_MORE: Final = re.compile(r"noch\s+", re.IGNORECASE)
_SECTION: Final = re.compile(
    r"(?:Jahrg[aä]nge?\b|Jg\.|Altersklasse\b|AK\s?\d|Jugend\b|Junior|Senior|Masters\b|Offen(?:e\s+(?:Wertung|Klasse))?\b"
    r"|Wertung\b|Damen\b|Herren\b|Frauen\b|Männer\b).*|.*\bWertung",
    re.IGNORECASE,
)
_FOOT: Final = re.compile(r"\bSeite\s+\d+|erzeugt mit|\bEasyWk\b|https?://|\bwww\.", re.IGNORECASE)
_TABLE: Final = re.compile(r"\b(?:Platz|Pl\.|Rang)(?:\s|$).*\b(?:Jg\.?|Jahrgang|Verein|Endzeit|Zeit|Ergebnis|Punkte)")
_HAS_RESULTS: Final = re.compile(r"\b(?:Endzeit|Zeit|Ergebnis)\b")
_PART: Final = re.compile(r"(?:Abschnitt\s+\d+|\d+\.\s*Abschnitt)\b.*")
_STANDINGS: Final = re.compile(
    r"Medaillen|Mehrkampf|Punktwertung|Mannschaftswertung|Vereinswertung|Pokalwertung|Gesamtwertung|Kampfgericht"
    r"|Bestenliste|Rekorde\b|Punktbeste|beste Leistung|(?:Zwischen|End|Pokal)stand\b|Rangliste|Vereinsstatistik",
    re.IGNORECASE,
)


# Patterns that know no case try every letter of a line. These find in a line in small letters what the others need.
_MAY_BE_FOOT: Final = re.compile(r"seite|erzeugt mit|easywk|https?:|www\.")
_MAY_BE_STANDINGS: Final = re.compile(
    r"medaillen|mehrkampf|wertung|kampfgericht|bestenliste|rekorde|punktbeste|beste leistung|stand|rangliste|statistik"
)
_MAY_BE_SECTION: Final = re.compile(
    r"jahrgang|jahrgange|jg\.|altersklasse|ak|jugend|junior|senior|masters|offen|wertung|damen|herren|frauen"
)


def may_say(text: str, pattern: re.Pattern[str]) -> bool:
    """Whether the line can be one that `pattern`, in small letters, has a part of; always where it has other letters
    than ASCII's, of which some count as the same.
    """
    return not text.isascii() or pattern.search(text.lower()) is not None


def read_event(text: str) -> re.Match[str] | None:
    """The event this line starts or goes on with: the groups `more`, `number`, `title`."""
    return _EVENT.fullmatch(text)


def is_event(text: str) -> bool:
    """Whether an event starts or goes on here."""
    return _EVENT.match(text) is not None


def is_part(text: str) -> bool:
    """Whether a part of the meet starts here."""
    return _PART.match(text) is not None


def is_foot(text: str) -> bool:
    """Whether it is the foot of a page, or the line at its top with the page's number."""
    return may_say(text, _MAY_BE_FOOT) and _FOOT.search(text) is not None


def is_standings(text: str) -> bool:
    """Whether a list of points, medals or records starts here, whose rows look like results."""
    return may_say(text, _MAY_BE_STANDINGS) and _STANDINGS.search(text) is not None and _ANY_TIME.search(text) is None


def read_state(text: str) -> str | None:
    """The status of everybody below a line such as `disqualifiziert`."""
    return _STATES.get(text.casefold().strip(" :"))


def is_section(text: str) -> bool:
    """Whether a ranking of the event starts here: `Jahrgang 2010`."""
    return may_say(text, _MAY_BE_SECTION) and _SECTION.fullmatch(text) is not None and _ANY_TIME.search(text) is None


def without_more(text: str) -> str:
    """The line without the `noch` that says that it goes on from the page before."""
    return _MORE.sub("", text, count=1) if _MORE.match(text) else text


def is_table(text: str) -> bool:
    """Whether the line names the columns of a table."""
    return _TABLE.search(text) is not None


def has_results(text: str) -> bool:
    """Whether the table whose head this is has results; rankings by points have none."""
    return _HAS_RESULTS.search(text) is not None or "Punkte" not in text


def club_column(line: Line) -> float | None:
    """Where the clubs of a table start, in points."""
    return next((word.x0 for word in line.words if word.text == "Verein"), None)
