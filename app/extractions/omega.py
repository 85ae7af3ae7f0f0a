"""The result sheets that Omega's timing prints (also by DRC's print manager): ranked swimmers, their laps below."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from app.extractions.layout import Line, PageLines
from app.extractions.marks import is_clock, read_state
from app.extractions.relays import Leg, swims_of_team
from app.extractions.swims import Sheet, Swim, without_repeats
from app.extractions.words import Word

_LAYOUT = "omega"
_TITLE = re.compile(
    r"(?:Event\s+(?:Number\s+|No\.?\s*)?(?P<number>\d+[A-Z]?)\b.*?\s)?"
    r"(?P<title>(?:Women|Men|Mixed|Girls|Boys)(?:['’]?s)?\s+(?P<team>\d+\s?x\s?)?\d+\s?m\b.*?)"
    r"(?:\s+(?P<round>(?:Heats?|Preliminar\w+|Semi-?\s?[Ff]inals?|Finals?|Swim-?\s?[Oo]ffs?|Time Trials?)(?:\s+(?:\d+|[A-D]))?"
    r"(?:\s+of\s+\d+)?))?",
)
_NUMBER = re.compile(r"Event\s+(?:Number\s+|No\.?\s*)?(?P<number>\d+[A-Z]?)\b(?!\s*[-:/.]\d)", re.IGNORECASE)
_ROUND = re.compile(
    r"(?:(?:Heats?|Preliminar\w+|Semi-?\s?finals?|(?:[A-D]\s*-?\s*)?Finals?|Swim-?\s?offs?|Time Trials?)"
    r"(?:\s+(?:\d+|[A-D]))?(?:\s+of\s+\d+)?)(?:\s+-?\s*(?:Results(?: Summary)?))?",
    re.IGNORECASE,
)
_COLUMNS = (
    ("rank", r"Rank|Rk\.?|Pos\.?|Place|Pl\.?"),
    ("heat", r"Heat"),
    ("lane", r"Lane|Ln\.?"),
    ("name", r"(?:Athlete|Swimmer|Family)?\s?Names?"),
    ("club", r"Club(?: Code| Name)?|Team(?: Code| Name)?|NAT Club|NOC(?: Code)?"),
    ("nation", r"NAT\.?(?: Code)?|NF(?: Code)?"),
    ("year", r"Year of Birth|Date of Birth|Birth ?(?:Date|Year)|YOB|Born|Age|DOB"),
    ("reaction", r"R\.? ?T\.?|Reaction Time"),
    ("behind", r"Time Behind|Behind|Diff\.?"),
    ("time", r"Time|Result|Final Time"),
    ("points", r"(?:Total )?Points|Pts\.?|(?:FINA|AQUA|WA) Points"),
)
_PLACE = re.compile(r"=?(\d{1,3})\.?")
_POINTS = re.compile(r"\d{1,4}(?:\.\d{1,2})?")
_CELL_GAP = 0.6  # of the height of a line: less is a blank inside a cell
_HEAD_LINES = 16.0  # points: a head may stand on two or three lines, each not farther than that from `Name`
_SPLIT_LABEL = re.compile(r"\d{2,4}\s?m")
_LEG = re.compile(r"[^\W\d_][^\d]*")
_DATE = re.compile(
    r"(?:\d{1,2}\s+[A-Z]{3,9}\s+\d{4}|[A-Z][a-z]{2,8}\s+\d{1,2}(?:\s*[-–]\s*(?:[A-Z][a-z]{2,8}\s+)?\d{1,2})?(?:,\s*\d{4})?"
    r"|\d{1,2}\s*[-–]\s*\d{1,2}\s+[A-Z][A-Za-z]{2,8}(?:\s+\d{4})?)"
)
_REASON = re.compile(r"(?:SW|GR|WPS)\s?\d+|[Ff]alse start|[Dd]isqualif")


def recognises(pages: list[PageLines]) -> bool:
    """Whether an event of Omega's form and a table with ranks stand on one of the first pages."""
    return any(
        _find_title(page) is not None and any(_read_head(lines, index) for index in range(len(lines)))
        for page in pages[:3]
        for lines in [[*page.head, *page.body]]
    )


def read(pages: list[PageLines]) -> Sheet:
    """The sheet. The box with the records above the table is left out, as is every line before a table's head."""
    reader = _Reader()
    for page in pages:
        reader.take_page(page)
    reader.finish()
    texts = [line.text for page in pages[:1] for line in (*page.head, *page.body)]
    swims = without_repeats(reader.swims)
    reason = None if swims else "This sheet has the tables of Omega's timing but no result rows."
    return Sheet(_meet(texts), _dates(texts), reader.course, _LAYOUT, len(pages), swims, reason)


@dataclass(slots=True)
class _Cell:
    """Words without a gap; `x0` and `x1` in points."""

    text: str
    x0: float
    x1: float


@dataclass(slots=True)
class _Head:
    """The columns of a table by kind, and the height on the page where its rows start."""

    columns: list[tuple[str, float, float]]
    bottom: float

    def kind(self, cell: _Cell) -> str:
        """The column a cell stands in: the one it overlaps most, or the nearest."""
        return max(self.columns, key=lambda column: min(cell.x1, column[2]) - max(cell.x0, column[1]))[0]

    def left(self, kind: str) -> float:
        """The left edge of a column; 0 without it."""
        return next((x0 for name, x0, _ in self.columns if name == kind), 0.0)


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
        self._head: _Head | None = None
        self._row: _Row | None = None

    def take_page(self, page: PageLines) -> None:
        """The lines of a page; a table starts below the head that stands on it."""
        lines = [*page.head, *page.body]
        title_seen = False
        self._head = None
        for index, line in enumerate(lines):
            text = line.text
            if title := _TITLE.fullmatch(text):
                self._start(title)
                title_seen = True
            elif head := _read_head(lines, index):
                self._head = head
            elif _is_round(text):
                self._start_round(text)
            elif (number := _NUMBER.search(text)) and (not title_seen or not self._number):
                self._number = number["number"]
            elif self._head and _middle(line) < self._head.bottom and self._title:
                self._take_line(line, self._head, page.number)

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
        self._title, self._team = title["title"], title["team"] is not None
        if title["round"]:
            self._start_round(title["round"])

    def _start_round(self, text: str) -> None:
        name = re.sub(r"\s*-?\s*Results.*", "", text)
        if name != self._round:
            self.finish()
        self._round = name

    def _take_line(self, line: Line, head: _Head, page: int) -> None:
        cells = list(_cells(line.words))
        if splits := _splits(cells):
            if self._row and splits != ["laps"]:
                self._row.swim.splits.extend(splits)
                self.course = self.course or ("SCM" if cells[0].text.startswith("25m") else None)
        elif swim := self._swim(cells, head, page):
            self.finish()
            self._row = _Row(swim)
        elif self._row:
            self._take_below(cells, line.text, head)

    def _take_below(self, cells: list[_Cell], text: str, head: _Head) -> None:
        """A line below a row: a swimmer of the team, or why there is no time."""
        row = self._row
        assert row
        name = cells[0].text
        if row.swim.kind == "relay" and len(row.legs) < 4 and cells[0].x0 > head.left("name") - 6 and _is_name(name):
            row.legs.append(name)
            row.swim.splits.extend(cell.text for cell in cells[1:] if is_clock(cell.text) and float(cell.text[-5:]) > 1.5)
        elif row.swim.status != "OK" and _REASON.search(text) and not row.reasons:
            row.reasons.append(text)

    def _swim(self, cells: list[_Cell], head: _Head, page: int) -> Swim | None:
        found: dict[str, str] = {}
        place: int | None = None
        state: str | None = None
        for cell in cells:
            text, kind = cell.text.strip("♦* "), head.kind(cell)
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
        team = found.get("club") or found.get("nation") or (name if self._team else None)
        return Swim(
            name=name,
            kind="relay" if self._team else "individual",
            event_number=self._number,
            event=self._title or "",
            round=_round(self._round),
            place=None if state else place,
            time=None if state else time,
            status=state or "OK",
            seed_or_prelim=None,
            points=found.get("points"),
            exhibition=False,
            team=name if self._team else team,
            relay=None,
            leg=None,
            page=page,
            note=None,
            standard=None,
            age=found.get("year"),
            section=self._round,
        )


def _read_head(lines: list[Line], index: int) -> _Head | None:
    """The head of a table, when the line at `index` has a rank or lane and a name; its neighbours complete it."""
    line = lines[index]
    words = {word.text.rstrip(".") for word in line.words}
    if not words & {"Rank", "Rk", "Pos", "Place", "Lane"} or not words & {"Name", "Names", "Athlete", "Swimmer", "NAT", "Team"}:
        return None
    middle = _middle(line)
    near = [other for other in lines[max(0, index - 2) : index + 3] if abs(_middle(other) - middle) < _HEAD_LINES]
    stacks: list[list[_Cell]] = []
    for cell in (cell for other in near for cell in _cells(other.words)):
        stack = next((cells for cells in stacks if any(_overlap(cell, above) > 0 for above in cells)), None)
        if stack is None:
            stacks.append([cell])
        else:
            stack.append(cell)
    columns: list[tuple[str, float, float]] = []
    for stack in stacks:
        text = " ".join(cell.text for cell in stack)
        kind = next((kind for kind, pattern in _COLUMNS if re.fullmatch(pattern, text, re.IGNORECASE)), None)
        if kind:
            columns.append((kind, min(cell.x0 for cell in stack), max(cell.x1 for cell in stack)))
    kinds = {kind for kind, _, _ in columns}
    if "time" not in kinds or not kinds & {"name", "nation", "club"}:
        return None
    if "name" not in kinds:
        columns = [("name" if kind in ("nation", "club") else kind, x0, x1) for kind, x0, x1 in columns]
    bottom = min(_middle(other) for other in near if _is_part_of_head(other))
    return _Head(columns, bottom)


def _is_part_of_head(line: Line) -> bool:
    return not any(sign.isdigit() for sign in line.text)


def _overlap(one: _Cell, other: _Cell) -> float:
    return min(one.x1, other.x1) - max(one.x0, other.x0)


def _cells(words: list[Word]) -> Iterator[_Cell]:
    cell: _Cell | None = None
    for word in words:
        if cell and word.x0 - cell.x1 < _CELL_GAP * word.height and not _ends_cell(cell.text, word.text):
            cell = _Cell(f"{cell.text} {word.text}", cell.x0, word.x1)
            continue
        if cell:
            yield cell
        cell = _Cell(word.text, word.x0, word.x1)
    if cell:
        yield cell


def _ends_cell(text: str, following: str) -> bool:
    """Whether a cell ends although the next one is near: a lane before a name, and the heads of both."""
    return text in ("Rank", "Heat", "Lane", "Ln", "Pos") or (
        _PLACE.fullmatch(text) is not None and following[0].isalpha() and following != "m"
    )


def _splits(cells: list[_Cell]) -> list[str]:
    """The cumulative times of a line of splits, `["laps"]` for the line of laps below them, empty for another line."""
    tokens = [token for cell in cells for token in cell.text.split()]
    times = [token.strip("()") for token in tokens if is_clock(token.strip("()"))]
    rest = [token for token in tokens if not is_clock(token.strip("()")) and not re.fullmatch(r"\(\d+\)", token)]
    if not times or not all(_SPLIT_LABEL.fullmatch(token) for token in rest):
        return []
    return times if rest else ["laps"]


def _middle(line: Line) -> float:
    return line.words[0].y


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


def _find_title(page: PageLines) -> str | None:
    found = (_TITLE.fullmatch(line.text) for line in (*page.head, *page.body))
    return next((title["title"] for title in found if title), None)


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
