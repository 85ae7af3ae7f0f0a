"""Sheets that look like results and are none: lists of top times, start lists, certificates."""

from __future__ import annotations

from app.extractions.headings import is_licence, read_continuation, read_event, read_meet, report_kind
from app.extractions.layout import PageLines
from app.extractions.swims import Sheet
from app.extractions.table_heads import read_table_head

_TOP_LINES = 12
_REASONS = {
    "top_times": "This is a list of top times, not the results of a meet.",
    "start_list": "This is a start list: it has entries but no results.",
    "certificate": "This is a certificate, not a result sheet.",
}


def recognises(pages: list[PageLines]) -> bool:
    """Whether the title or the tables of the sheet say that it holds no results of a meet."""
    return _layout(pages) is not None


def read(pages: list[PageLines]) -> Sheet:
    """The sheet without swims, with the reason why."""
    layout = _layout(pages) or "unknown"
    meet, dates = read_meet([line.text for line in pages[0].head]) if layout == "start_list" else (None, None)
    return Sheet(meet, dates, None, layout, len(pages), reason=_REASONS.get(layout))


def _layout(pages: list[PageLines]) -> str | None:
    first = pages[0]
    kinds: list[str] = []
    team_manager = licensed = False
    for line in [*first.head, *first.body][:_TOP_LINES]:
        team_manager = team_manager or "TEAM MANAGER" in line.text.upper()
        licensed = licensed or is_licence(line.text)
        if read_event(line.text) or read_continuation(line.text):
            break
        kind = report_kind(line.text)
        if kind and not (is_licence(line.text) and kind == "results"):
            kinds.append(kind)
    heads = (head for page in pages for line in page.body if (head := read_table_head(line)))
    entries = "entries" in kinds
    if "top_times" in kinds and team_manager:
        return "top_times"
    if entries and not licensed and "results" not in kinds:
        return "start_list"
    for head in heads:
        if head.result:
            return None
        entries = entries or head.column("seed") is not None
    if "top_times" in kinds:
        return "top_times"
    if entries:
        return "start_list"
    return "certificate" if "certificate" in kinds else None
