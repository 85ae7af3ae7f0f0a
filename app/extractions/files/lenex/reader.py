"""From a LENEX file to its sheet."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

from app.extractions.files.lenex.contents import Contents, Event, Group, Result
from app.extractions.files.lenex.elements import walk
from app.extractions.files.lenex.swims import has_no_result, read_result, swims_of
from app.extractions.files.merging import merge
from app.extractions.files.records import Troubles, date_range, report
from app.extractions.swims import Sheet, Swim

_ROOT = re.compile(r"<(?:\w{1,20}:)?LENEX[\s>/]", re.IGNORECASE)
_COURSES: Final = ("SCY", "SCM", "LCM")
_REASONS: Final = {
    "start_list": "This LENEX file holds entries but no results.",
    "records": "This LENEX file holds records or time standards, not the results of a meet.",
    "lenex": "This LENEX file holds a meet without entries or results.",
}
_UNPLACED: Final = 1 << 30


def recognise(head: str, name: str) -> float:
    """Sure when the root element stands at the beginning."""
    return 1.0 if _ROOT.search(head[:4000]) else 0.0


def read(documents: Sequence[bytes]) -> Sheet:
    """The sheet in LENEX files. A result that counts in several age groups is one row in each, as on paper."""
    return merge([_read(data) for data in documents])


def _read(data: bytes) -> Sheet:
    contents, troubles = Contents(), Troubles()
    walk(data, contents.start, contents.end)
    rows = sorted(_rows(contents, troubles), key=lambda row: row[0])
    sheet = Sheet(
        meet="; ".join(filter(None, (meet.get("name") for meet in contents.meets))) or None,
        dates=date_range(contents.days),
        course=contents.course if contents.course in _COURSES else None,
        layout="lenex",
        pages=1,
        swims=[swim for _, swims in rows for swim in swims],
    )
    if not sheet.swims:
        unread = troubles.counts["RECORDS_NOT_READ"]
        entries = contents.entries or contents.results
        sheet.layout = "lenex" if unread else "start_list" if entries else "records" if contents.records else "lenex"
        sheet.reason = "The results in this LENEX file could not be read." if unread else _REASONS[sheet.layout]
    sheet.reading = report(sheet, troubles)
    return sheet


def _rows(contents: Contents, troubles: Troubles) -> Iterator[tuple[tuple[int, int, int], list[Swim]]]:
    """Each result in each of its rankings, with its place in the order of the sheet."""
    for number, result in enumerate(contents.results, 1):
        event = contents.events.get(result.event_id)
        if event and has_no_result(result):
            troubles.add("ENTRIES_WITHOUT_RESULT", f"result {number}")
            continue
        swim = read_result(contents, event, result) if event else None
        if event is None or swim is None:
            troubles.add("RECORDS_NOT_READ", f"result {number}")
            continue
        for index, group in _groups_of(event, result):
            place = group.places.get(result.result_id, -1)
            ranked = replace(
                swim,
                section=", ".join(filter(None, (swim.section, group.name))) or None,
                place=place if place > 0 and swim.status == "OK" else None,
            )
            order = event.order, index, place if place > 0 else _UNPLACED
            yield order, swims_of(contents, result, ranked)


def _groups_of(event: Event, result: Result) -> list[tuple[int, Group]]:
    """The age groups in whose rankings a result stands; without any, a group without name."""
    ranked = [(index, group) for index, group in enumerate(event.groups) if result.result_id in group.places]
    if ranked:
        return ranked
    only = event.groups[0].name if len(event.groups) == 1 else None
    return [(len(event.groups), Group(only))]
