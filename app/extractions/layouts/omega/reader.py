"""The result sheets that Omega's timing prints (also by DRC's print manager): ranked swimmers, their laps below."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace

from app.extractions.layouts.cells import is_clock, read_state
from app.extractions.layouts.omega.tables import Cell, TableHeader, cells_of, middle, read_header
from app.extractions.layouts.relays import Leg, swims_of_team
from app.extractions.pdf.page import Line, PageLines, Pages
from app.extractions.swims import Sheet, Swim, without_repeats

_LAYOUT = "omega"
_STROKES = (
    r"(?:(?:Freestyle|Backstroke|Breaststroke|Butterfly|(?:Individual\s+)?Medley|I\.?M\.?)\b"
    r"(?:\s+(?:Relay|Skins?|Knock-?out|Multi-?Class|S[BM]?\d{1,2}(?:-S?[BM]?\d{1,2})?))*)"
)
_GENDER = r"(?:Women|Men|Mixed|Girls|Boys)(?:['’]?s)?"
_STAGE = (
    r"(?:(?:Heats?|Preliminar\w+|Semi-?\s?finals?|(?:[A-D]\s*-?\s*)?Finals?|Swim-?\s?offs?|Time Trials?|Round)"
    r"(?:\s+(?:\d+|[A-D]))?(?:\s+of\s+\d+)?)"
)
_TITLE = re.compile(
    rf"(?:Event\s+(?:Number\s+|No\.?\s*)?(?P<number>\d+[A-Z]?)\b)?(?:.{{0,60}}?\s)??"
    rf"(?P<title>{_GENDER}\s+(?:\d+\s?x\s?)?\d+\s?m\s+{_STROKES}|(?:\d+\s?x\s?)?\d+\s?m\s+{_STROKES}\s+{_GENDER})"
    rf"(?:\s+-?\s*(?P<round>{_STAGE})(?:\s.*)?)?",
    re.IGNORECASE,
)
_NUMBER = re.compile(r"Event\s+(?:Number\s+|No\.?\s*)?(?P<number>\d+[A-Z]?)\b(?!\s*[-:/.]\d)", re.IGNORECASE)
_ROUND = re.compile(rf"{_STAGE}(?:\s+-?\s*(?:Results(?: Summary)?))?", re.IGNORECASE)
_RELAY = re.compile(r"\d\s?x\s?\d|\brelay\b", re.IGNORECASE)
_PLACE = re.compile(r"=?(\d{1,3})\.?")
_POINTS = re.compile(r"\d{1,4}(?:\.\d{1,2})?")
_SHORT = 40  # characters: a line that only says which event it is
_SPLIT_LABEL = re.compile(r"\d{2,4}\s?m")
# A row on a page whose table has no header: rank, perhaps heat, lane, name, club or nation, perhaps year, R.T., time.
_ROW = re.compile(
    r"=?(?P<place>\d{1,3})\s+(?:\d{1,2}\s+){1,2}(?P<name>[A-Z\u00c0-\u00de][^\d]*?)\s+(?P<team>[A-Z][A-Z\d-]{1,8})"
    r"(?:\s+(?P<nation>[A-Z]{3}))?(?:\s+\W?\s?(?P<year>(?:19|20)\d\d))?(?:\s+\+?0\.\d\d)?"
    r"\s+(?P<time>(?:\d{1,2}:)?\d{1,2}\.\d\d)(?P<after>(?:\s+\S+){0,3})"
)
_LEG = re.compile(r"[^\W\d_][^\d]*")
_DATE = re.compile(
    r"(?:\d{1,2}\s+[A-Z]{3,9}\s+\d{4}|[A-Z][a-z]{2,8}\s+\d{1,2}(?:\s*[-–]\s*(?:[A-Z][a-z]{2,8}\s+)?\d{1,2})?(?:,\s*\d{4})?"
    r"|\d{1,2}\s*[-–]\s*\d{1,2}\s+[A-Z][A-Za-z]{2,8}(?:\s+\d{4})?)"
)
_REASON = re.compile(r"(?:SW|GR|WPS)\s?\d+|[Ff]alse start|[Dd]isqualif")


def recognise(pages: Pages) -> float:
    """Sure when one of the first pages has an event of Omega's form and a table of ranks or rows of its form."""
    return 0.8 if any(_is_sheet(page.lines) for page in pages.lines(3)) else 0.0


def read(pages: Pages) -> Sheet:
    """The sheet. The box with the records above the table is left out, as is every line before a table's header."""
    reader = _Reader()
    lines = pages.lines()
    for page in lines:
        reader.take_page(page)
    reader.finish()
    texts = [line.text for line in lines[0].lines]
    swims = without_repeats(_without_heats(reader.swims))
    reason = None if swims else "This sheet has the tables of Omega's timing but no result rows."
    return Sheet(_meet(texts), _dates(texts), reader.course, _LAYOUT, len(pages), swims, reason, lines=lines)


def _without_heats(swims: list[Swim]) -> list[Swim]:
    """The swims without those of single heats (`Heat 2 of 5`) that the summary of the round ranks as well."""
    summed_up = {_key(swim) for swim in swims if not _is_single_heat(swim)}
    return [swim for swim in swims if not (_is_single_heat(swim) and _key(swim) in summed_up)]


def _key(swim: Swim) -> tuple[object, ...]:
    return swim.name, swim.team, swim.leg, swim.event_number, swim.event, swim.round, swim.time, swim.status


def _is_single_heat(swim: Swim) -> bool:
    return swim.section is not None and swim.section[-1].isdigit()


@dataclass(slots=True)
class _Row:
    """A swimmer or team with the lines below, until the next one."""

    swim: Swim
    legs: list[str] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)


class _Reader:
    """Takes the pages of a sheet one by one and remembers what the ones before said."""

    def __init__(self) -> None:
        self.swims: list[Swim] = []
        self.course: str | None = None
        self._number: str | None = None
        self._title: str | None = None
        self._team = False
        self._round: str | None = None
        self._row: _Row | None = None

    def take_page(self, page: PageLines) -> None:
        """The lines of a page; a table starts below the header that stands on it."""
        lines = page.lines
        header: TableHeader | None = None
        for index, line in enumerate(lines):
            text = line.text
            if title := _TITLE.fullmatch(text):
                line.meaning = "heading"
                self._start(title)
            elif found := read_header(lines, index):
                header = found
            elif _is_round(text):
                self._start_round(text)
            elif (number := _NUMBER.match(text)) and len(text) < _SHORT:
                self._number = number["number"]
            elif self._title and (header is None or middle(line) < header.bottom):
                self._take_line(line, header, page.number)

    def finish(self) -> None:
        """Turns the row under way into swims."""
        row, self._row = self._row, None
        if row is None:
            return
        swim = replace(row.swim, note="; ".join(row.reasons) or None)
        self.swims += swims_of_team(swim, [Leg(number, name, None) for number, name in enumerate(row.legs, 1)])

    def _start(self, title: re.Match[str]) -> None:
        self._number = title["number"] or self._number
        if title["title"] != self._title:
            self.finish()
        self._title, self._team = title["title"], _RELAY.search(title["title"]) is not None
        if title["round"]:
            self._start_round(title["round"])

    def _start_round(self, text: str) -> None:
        name = re.sub(r"\s*-?\s*Results.*", "", text)
        if name != self._round:
            self.finish()
        self._round = name

    def _take_line(self, line: Line, header: TableHeader | None, page: int) -> None:
        cells = list(cells_of(line.words))
        if splits := _splits(cells):
            if self._row and splits != ["laps"]:
                self._row.swim.splits.extend(splits)
                self.course = self.course or ("SCM" if cells[0].text.startswith("25m") else None)
        elif swim := self._swim(cells, header, page) if header else self._swim_by_form(line.text, page):
            self.finish()
            line.meaning = "row"
            self._row = _Row(replace(swim, box=line.box))
        elif self._row:
            self._take_below(cells, line.text, header.left("name") if header else 0.0)

    def _take_below(self, cells: list[Cell], text: str, left: float) -> None:
        """A line below a row: a swimmer of the team, or why there is no time."""
        row = self._row
        assert row
        name = cells[0].text
        if row.swim.kind == "relay" and len(row.legs) < 4 and cells[0].x0 > left - 6 and _is_name(name):
            row.legs.append(name)
        elif row.swim.status != "OK" and _REASON.search(text) and not row.reasons:
            row.reasons.append(text)

    def _swim(self, cells: list[Cell], header: TableHeader, page: int) -> Swim | None:
        found: dict[str, str] = {}
        place: int | None = None
        state: str | None = None
        for cell in cells:
            text, kind = cell.text.strip("♦* "), header.kind(cell)
            if state_here := read_state(text):
                state = state_here
            elif kind == "rank" and (rank := _PLACE.fullmatch(text)):
                place = int(rank[1])
            elif kind == "name" or (kind in ("heat", "lane", "rank") and _is_name(text)):
                found["name"] = f"{found.get('name', '')} {text}".strip()
            elif text and kind != "rank" and (kind != "points" or _POINTS.fullmatch(text)):
                found.setdefault(kind, text)
        name, time = found.get("name", ""), found.get("time", "")
        time = next((part for part in time.split() if is_clock(part)), "")
        if not _is_name(name) or not (time or state) or (place is None and not state and "lane" not in found):
            return None
        if not any(found.get(kind) for kind in ("lane", "heat", "club", "nation", "reaction", "year")):
            return None
        swim = self._make(name, found.get("club") or found.get("nation"), found.get("year"), page)
        place, result = (None, None) if state else (place, time)
        return replace(swim, place=place, time=result, status=state or "OK", points=found.get("points"))

    def _swim_by_form(self, text: str, page: int) -> Swim | None:
        """A row on a page without a header that says what the columns are."""
        found = _ROW.fullmatch(text)
        if not found:
            return None
        swim = self._make(found["name"], found["team"], found["year"], page)
        return replace(swim, place=int(found["place"]), time=found["time"])

    def _make(self, name: str, team: str | None, year: str | None, page: int) -> Swim:
        return Swim(
            name=name,
            kind="relay" if self._team else "individual",
            event_number=self._number,
            event=self._title or "",
            round=_round(self._round),
            team=name if self._team else team,
            page=page,
            age=year,
            section=self._round,
        )


def _splits(cells: list[Cell]) -> list[str]:
    """The cumulative times of a line of splits, `["laps"]` for the line of laps below them, empty for another line."""
    tokens = [token for cell in cells for token in cell.text.split()]
    times = [token.strip("()") for token in tokens if is_clock(token.strip("()"))]
    rest = [token for token in tokens if not is_clock(token.strip("()")) and not re.fullmatch(r"\(\d+\)", token)]
    if not times or not all(_SPLIT_LABEL.fullmatch(token) for token in rest):
        return []
    return times if rest else ["laps"]


def _is_round(text: str) -> bool:
    return len(text) < 50 and _ROUND.fullmatch(text) is not None


def _is_name(text: str) -> bool:
    return _LEG.fullmatch(text) is not None and sum(sign.isalpha() for sign in text) > 1


def _round(name: str | None) -> str:
    lower = (name or "").casefold()
    if lower.startswith(("heat", "prelim")):
        return "prelim"
    if lower.startswith("semi"):
        return "semifinal"
    return "swim_off" if lower.startswith("swim") else "final"


def _is_sheet(lines: list[Line]) -> bool:
    if not any(_TITLE.fullmatch(line.text) for line in lines):
        return False
    return any(read_header(lines, index) or _ROW.fullmatch(line.text) for index, line in enumerate(lines))


def _meet(texts: list[str]) -> str | None:
    """The name of the meet is the first line of the page."""
    first = texts[0] if texts else None
    return None if first is None or _TITLE.fullmatch(first) or _NUMBER.match(first) else first


def _dates(texts: list[str]) -> str | None:
    """The days of the meet from the lines below its name, or else the day of the event."""
    for text in texts[:6]:
        if _DATE.fullmatch(text):
            return text
    found = next((found for text in texts[:12] if (found := _DATE.search(text))), None)
    return found[0] if found else None
