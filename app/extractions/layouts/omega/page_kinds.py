"""What a page of a book holds: results, or a list that gives no swims."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from app.extractions.layouts.omega.headings import Code, is_timing, read_code, read_title
from app.extractions.layouts.omega.tables import read_header
from app.extractions.pdf.page import Line

RESULTS: Final = "results"
_KINDS = (
    ("start_list", r"Start(?:ing)? ?Lists?"),
    ("entry_list", r"Entry Lists?|Entries\b|Nominal Rolls?"),
    ("rankings", r"Rankings?\b|Best Performances|Top \d+"),
    ("medals", r"Medall?ists?|Medal (?:Standings?|Tables?|Count)|Multi-?medall?ists?"),
    ("scores", r"Standings?\b|Trophy|Team Scores?|(?:Club|Team) Points"),
    ("records", r"Records? (?:Broken|Set|Equalled|Summary)|(?:List of|New) Records|Records by"),
    ("schedule", r"(?:Competition )?Schedule|Timetable|Programme|Time Standards|Qualif\w+ Standards"),
)
_HEADING = re.compile("|".join(rf"(?P<{kind}>\b(?:{pattern}))" for kind, pattern in _KINDS), re.IGNORECASE)
_RESULTS = re.compile(r"(?:[a-z-]{3,12}\s+(?:-\s+)?)?Results(?: Summary)?(?: - .*)?", re.IGNORECASE)
_TOP = 14  # lines in which the heading of a page stands
_FOOT = 6
_LISTS = ("start_list", "entry_list", "schedule")
REASONS: Final = {
    "start_list": "This is a start list: it has entries but no results.",
    "entry_list": "This is a list of entries, not the results of a meet.",
    "rankings": "This is a ranking of performances, not the results of a meet.",
    "medals": "This is a list of medals, not the results of a meet.",
    "scores": "This sheet has scores of teams or swimmers but no results.",
    "records": "This is a list of records or time standards, not the results of a meet.",
    "schedule": "This is a timetable, not the results of a meet.",
}


@dataclass(frozen=True, slots=True)
class PageKind:
    """`name` is `results` or one of `REASONS`. `is_named`: the page's foot says that Omega's timing printed it.

    `is_summary`: its table sums up all heats of the round.
    """

    name: str
    is_named: bool
    has_title: bool
    is_summary: bool
    code: Code | None


def kind_of(lines: list[Line]) -> PageKind:
    """What the page with these lines holds."""
    foot = [line.text for line in lines[-_FOOT:]]
    code = next((code for text in reversed(foot) if (code := read_code(text))), None)
    is_named = code is not None or any(map(is_timing, foot))
    has_title = any(read_title(line) for line in lines[:_TOP])
    headings = [line.text for line in lines[1:_TOP] if len(line.text) < 60]
    results = [text for text in headings if _RESULTS.fullmatch(text)]
    is_summary = any("summary" in text.casefold() for text in results)
    name = RESULTS
    if not results:
        other = next((found for text in headings if (found := _HEADING.search(text))), None)
        is_table = has_title and ((code is not None and code.holds_results) or _has_lanes(lines))
        if other and other.lastgroup and ((other.lastgroup in _LISTS and other.start() == 0) or not is_table):
            name = other.lastgroup
    return PageKind(name, is_named, has_title, is_summary, code)


def _has_lanes(lines: list[Line]) -> bool:
    """Whether a table has a lane or heat and a time, as results have and a ranking has not."""
    headers = (header for index in range(len(lines)) if (header := read_header(lines, index)))
    return any(header.has("lane", "heat", "reaction") for header in headers)
