"""Sheets that look like results and are none: top times, start lists, certificates, scores of teams, records."""

from __future__ import annotations

import re

from app.extractions.layouts.hytek.columns import reading_order
from app.extractions.layouts.hytek.headings import (
    ends_results,
    is_licence,
    read_continuation,
    read_event,
    read_meet,
    report_kind,
)
from app.extractions.layouts.hytek.table_headers import read_table_header
from app.extractions.pdf.page import PageLines, Pages
from app.extractions.swims import Sheet

_TOP_LINES = 12
_WORDS_OF_RESULTS = ("scores", "records")
_RECORDS = re.compile(r"\bRecords\b|\bTime Standards\b", re.IGNORECASE)
_REASONS = {
    "top_times": "This is a list of top times, not the results of a meet.",
    "start_list": "This is a start list: it has entries but no results.",
    "certificate": "This is a certificate, not a result sheet.",
    "scores": "This sheet has scores of teams or swimmers but no results.",
    "records": "This is a list of records or time standards, not the results of a meet.",
}


def recognise(pages: Pages) -> float:
    """Sure when the title or the tables say that the sheet holds no results of a meet; the words for lists of scores
    and records stand on sheets with results too.
    """
    layout = _layout(reading_order(pages))
    return 0.0 if layout is None else 0.65 if layout in _WORDS_OF_RESULTS else 0.9


def read(pages: Pages) -> Sheet:
    """The sheet without swims, with the reason why."""
    in_order = reading_order(pages)
    layout = _layout(in_order) or "unknown"
    meet, dates = read_meet([line.text for line in in_order[0].header]) if layout == "start_list" else (None, None)
    return Sheet(meet, dates, None, layout, len(pages), reason=_REASONS.get(layout))


def _layout(pages: list[PageLines]) -> str | None:
    first = pages[0]
    kinds: list[str] = []
    team_manager = licensed = False
    for line in first.lines[:_TOP_LINES]:
        team_manager = team_manager or "TEAM MANAGER" in line.text.upper()
        licensed = licensed or is_licence(line.text)
        if read_event(line.text) or read_continuation(line.text):
            break
        if ends_results(line.text):
            kinds.append("scores")
        if _RECORDS.search(line.text):
            kinds.append("records")
        kind = report_kind(line.text)
        if kind and not (is_licence(line.text) and kind == "results"):
            kinds.append(kind)
    headers = (header for page in pages for line in page.body if (header := read_table_header(line)))
    entries = "entries" in kinds
    if "top_times" in kinds and team_manager:
        return "top_times"
    if entries and not licensed and "results" not in kinds:
        return "start_list"
    for header in headers:
        if header.result:
            return None
        entries = entries or header.column("seed") is not None
    if "top_times" in kinds:
        return "top_times"
    if entries:
        return "start_list"
    return next((kind for kind in ("certificate", *_WORDS_OF_RESULTS) if kind in kinds), None)
