"""Says how sure a reading is, from the lines that were read and the swims that came of them.

Nothing in here knows a layout: what looks like a result and became nothing is found by its look alone, so that a reader
cannot be sure of a sheet that it does not understand.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Final

from app.extractions.pdf.page import UNREAD, Line, Page
from app.extractions.place_gaps import missing_places
from app.extractions.reading import Confidence, PageReading, Reading, ReadingWarning, UnreadLine
from app.extractions.swims import Sheet, Swim

MOST_LOST: Final = 0.02
"""Of the rows of a page: with more lost, the page is not `high`."""
MOST_DOUBTFUL: Final = 0.2
"""Of the rows of a page or sheet: with more lost or odd, it is `low`."""
MOST_LISTED: Final = 100
_LONGEST: Final = 160  # characters of an unread line that are kept

_PLACE = r"[*=T]?\d{1,4}[.)]?|-{1,4}|[–—]+"
_STATE = r"[xX]?(?:DNS|DSQ|DQ|NS|DFS|DNF|SCR|WDR|EXH|ABD|DNC)"
_TIME = r"[A-Za-z]?(?:\d{1,2}:){0,2}\d{1,2}[.,]\d\d[A-Za-z#*@$!&+]{0,3}"
_START = re.compile(rf"(?:{_PLACE}|{_STATE})")
_END = re.compile(rf"(?:{_TIME}|{_STATE}|NT)")
# Cells that run into each other: `33.Brink`, `DSQBrink`, `Anna12`, `Club1:04.83`.
_START_AND_NAME = re.compile(r"(?:\d{1,3}\.|DNS|DSQ|DNF|WDR|EXH)[^\W\d_]{2,}.*")
_STATE_FIRST = re.compile(_STATE)
_ENDS_IN_TIME = re.compile(r"\d:\d\d[.,]\d\d$")
_LANE_OR_MEMBER = re.compile(r"\d{1,10}")
_HEADING = re.compile(
    r"(?:Event|Evento|Prueba|Prova|Wettkampf|WK|[EÉ]preuve|Gara|Konkurencja|Wy[sś]cig|Yar[iı][sş]|Дистанция|Заплыв)"
    r"\s*(?:No\.?|Nr\.?|N[.°º])?\s*\d{1,3}[A-Z]?\b",
    re.IGNORECASE,
)
_PRINTED_PLACE = re.compile(r"[*=T]?\d{1,3}[.)]?")
_DIGIT = re.compile(r"\d")
_PARA_CLASS = re.compile(r"(?:\s+S[BM]?\d{1,2})+$")
_LEGEND = re.compile(
    r"did not (?:start|finish)|disqualified|(?:world|championship|meet|national) record|reaction time|time behind"
    r"|no show|scratched|legend\s*:|qualified for",
    re.IGNORECASE,
)


def report_on(sheet: Sheet, pages_read: Iterable[Page] = ()) -> Reading:
    """How sure the reading in `sheet` is, which was read from these pages.

    Takes time in proportion to the lines and swims.
    """
    unread = [UnreadLine(page=page, text=text[:_LONGEST]) for page, text in _unread(sheet)]
    rows = _rows_by_page(sheet.swims)
    warnings = [*_unread_warnings(unread), *_odd_rows(sheet.swims), *_odd_order(sheet.swims), *_headings(sheet)]
    warnings += [*_places_not_read(sheet)]
    warnings += _unseen(pages_read, rows)
    doubts: Counter[int] = Counter()
    for warning in warnings:
        if warning["code"] in _DOUBTS and warning["page"] is not None:
            doubts[warning["page"]] += warning["count"]
    lost = Counter(line["page"] for line in unread)
    pages = [_page(number, rows[number], lost[number], doubts[number]) for number in sorted({*rows, *lost, *doubts})]
    to_check = [page for page in pages if page["confidence"] != "high"]
    return Reading(
        confidence=_of_sheet(sheet, pages),
        rows=rows.total(),
        unread=len(unread),
        pages_high=len(pages) - len(to_check),
        pages_to_check=to_check[:MOST_LISTED],
        warnings=warnings[:MOST_LISTED],
        unread_lines=unread[:MOST_LISTED],
    )


def looks_like_result(line: Line) -> bool:
    """Whether a line has the look of a result: a place, then a name, then a time or a state; or a state and a name."""
    words = line.words
    if len(words) < 3:
        return False
    first, index = words[0].text, 0
    if _START.fullmatch(first):
        index = 1
        while index < len(words) and index < 4 and _LANE_OR_MEMBER.fullmatch(words[index].text):
            index += 1
        if index >= len(words) or not _is_word(words[index].text):
            return False
    elif not _START_AND_NAME.fullmatch(first):
        return False
    if any(_END.fullmatch(word.text) or _ENDS_IN_TIME.search(word.text) for word in words[index + 1 :]):
        return True
    return _STATE_FIRST.match(first) is not None and not _LEGEND.search(line.text)


def _is_word(text: str) -> bool:
    return sum(sign.isalpha() for sign in text) > 1 and not _END.fullmatch(text)


def _unread(sheet: Sheet) -> Iterator[tuple[int, str]]:
    for page in sheet.lines:
        for line in page.lines:
            if line.meaning == UNREAD or (not line.meaning and looks_like_result(line)):
                yield page.number, line.text


def _rows_by_page(swims: Iterable[Swim]) -> Counter[int]:
    """Rows as printed: the legs of one relay team are one."""
    rows: Counter[int] = Counter()
    teams = set()
    for swim in swims:
        if swim.kind == "relay_leg":
            team = (swim.page, swim.event_number, swim.event, swim.round, swim.team, swim.relay, swim.place, swim.time)
            if team in teams:
                continue
            teams.add(team)
        rows[swim.page] += 1
    return rows


def _unread_warnings(unread: Iterable[UnreadLine]) -> Iterator[ReadingWarning]:
    for page, count in sorted(Counter(line["page"] for line in unread).items()):
        lines = "line looks like a result and was" if count == 1 else "lines look like results and were"
        yield _warning("LINES_NOT_READ", page, count, f"{count} {lines} not read.")


def _odd_rows(swims: Iterable[Swim]) -> Iterator[ReadingWarning]:
    """Rows that differ from their neighbours, and names that are none."""
    by_page: defaultdict[int, list[Swim]] = defaultdict(list)
    for swim in swims:
        by_page[swim.page].append(swim)
    for page, own in sorted(by_page.items()):
        people = [swim for swim in own if swim.kind in ("individual", "diving")]
        teamless = sum(not swim.team for swim in people)
        if 0 < teamless <= len(people) / 2:
            yield _warning("ROWS_WITHOUT_TEAM", page, teamless, "Rows without a team among rows that have one.")
        ageless = sum(not swim.age for swim in people)
        if 0 < ageless <= len(people) / 2:
            yield _warning("ROWS_WITHOUT_AGE", page, ageless, "Rows without an age among rows that have one.")
        named = [swim for swim in own if swim.kind != "relay"]
        teams = {swim.team.casefold() for swim in own if swim.team}
        odd = sum(_has_digits(swim.name) or swim.name.casefold() in teams for swim in named)
        if odd:
            yield _warning("ODD_NAMES", page, odd, "Names that hold digits or are a club's.")
        legends = sum(_is_legend(swim.name) for swim in own)
        if legends:
            yield _warning("LEGEND_AS_NAME", page, legends, "Names that are the words of a legend or a record.")
        eventless = sum(not swim.event for swim in own)
        if eventless:
            yield _warning("ROWS_WITHOUT_EVENT", page, eventless, "Rows above which no event was recognised.")
        bare = sum(swim.kind == "relay" and swim.status == "OK" for swim in own)
        if bare and any(swim.kind == "relay_leg" for swim in own):
            yield _warning("RELAYS_WITHOUT_LEGS", page, bare, "Relay teams without swimmers among others with them.")


@lru_cache(maxsize=4096)  # most swimmers swim several times
def _is_legend(name: str) -> bool:
    return _LEGEND.search(name) is not None


def _has_digits(name: str) -> bool:
    return _DIGIT.search(name) is not None and _DIGIT.search(_PARA_CLASS.sub("", name)) is not None


def _odd_order(swims: Sequence[Swim]) -> Iterator[ReadingWarning]:
    """Places that are missing, and rows that stand twice on a page."""
    repeats: Counter[int] = Counter()
    seen: set[tuple[object, ...]] = set()
    for swim in swims:
        row = (swim.event_number, swim.event, swim.round, swim.section, swim.team, swim.relay, swim.place, swim.time)
        person = (*row, swim.status, swim.name, swim.age, swim.leg, swim.page)
        if person in seen and swim.status in ("OK", "DQ"):
            repeats[swim.page] += 1
        seen.add(person)
    for page, count in sorted(missing_places(swims).items()):
        yield _warning("PLACES_MISSING", page, count, "Places that no row has.")
    for page, count in sorted(repeats.items()):
        yield _warning("ROWS_TWICE", page, count, "The same row twice.")


def _places_not_read(sheet: Sheet) -> Iterator[ReadingWarning]:
    """Rows that begin with a number on the page and have no place, though they have a time that counts."""
    bare = {
        (swim.page, swim.box)
        for swim in sheet.swims
        if swim.place is None and swim.status == "OK" and not swim.exhibition and swim.box
    }
    for page in sheet.lines if bare else ():
        rows = (line for line in page.lines if line.meaning == "row" and _PRINTED_PLACE.fullmatch(line.words[0].text))
        count = sum((page.number, line.box) in bare for line in rows)
        if count:
            yield _warning("PLACES_NOT_READ", page.number, count, "Rows that begin with a number and have no place.")


def _headings(sheet: Sheet) -> Iterator[ReadingWarning]:
    for page in sheet.lines:
        count = sum(not line.meaning and _HEADING.match(line.text) is not None for line in page.lines)
        if count:
            yield _warning("HEADINGS_NOT_READ", page.number, count, "Headings of events that named no event.")


def _unseen(pages: Iterable[Page], rows: Counter[int]) -> Iterator[ReadingWarning]:
    """Pages that hold something else than the text they show."""
    for page in pages:
        if page.is_picture:
            yield _warning("PAGES_WITHOUT_TEXT", page.number, 1, "The page is a picture without text; it was not read.")
        if page.is_guessed:
            message = "The text of the page was made from a picture and may have mistakes."
            yield _warning("TEXT_FROM_PICTURE", page.number, max(1, rows[page.number]), message)
        if page.hidden:
            yield _warning(
                "TEXT_LEFT_OUT", page.number, page.hidden, "Words that the page does not show were left out."
            )


_DOUBTS: Final = frozenset(
    {
        "ROWS_WITHOUT_TEAM",
        "ODD_NAMES",
        "LEGEND_AS_NAME",
        "ROWS_WITHOUT_EVENT",
        "PLACES_MISSING",
        "PLACES_NOT_READ",
        "ROWS_TWICE",
    }
    | {"HEADINGS_NOT_READ", "PAGES_WITHOUT_TEXT", "TEXT_FROM_PICTURE"}
)
"""Warnings that lower the confidence in their page; the others only inform."""


def _warning(code: str, page: int | None, count: int, message: str) -> ReadingWarning:
    return ReadingWarning(code=code, page=page, count=count, message=message)


def _page(number: int, rows: int, lost: int, doubts: int) -> PageReading:
    share = (lost + doubts) / max(1, rows + lost)
    confidence: Confidence = "high" if share <= MOST_LOST else "check" if share <= MOST_DOUBTFUL else "low"
    return PageReading(page=number, rows=rows, unread=lost, confidence=confidence)


def _of_sheet(sheet: Sheet, pages: list[PageReading]) -> Confidence:
    """By its pages; a list in which results were looked for and none was found is never `high`."""
    if sheet.layout == "unknown":
        return "low"
    rows, lost = sum(page["rows"] for page in pages), sum(page["unread"] for page in pages)
    if lost > MOST_DOUBTFUL * (rows + lost) or sum(page["confidence"] == "low" for page in pages) * 2 > len(pages):
        return "low"
    if not sheet.swims and any(page.lines for page in sheet.lines) and not _is_understood(sheet):
        return "check"
    return "high" if all(page["confidence"] == "high" for page in pages) else "check"


def _is_understood(sheet: Sheet) -> bool:
    """Whether a reader found what the sheet has in place of results."""
    return any(line.meaning == "ranking" for page in sheet.lines for line in page.lines)
