"""Where a table begins and what names its columns: the title above it, one line of names or several, or none.

Numbers and dates tell most: a row that has them where the rows below have them is data, a row that has words there
instead names the columns. A table of nothing but text shows less, and what is guessed then is said by a note.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final

from app.kit.words import quantity
from app.reports.choices import HeaderChoice
from app.reports.columns.looks import kind_of
from app.reports.notes import Note, note

MOST_PREAMBLE, MOST_LINES, MOST_BODY = 40, 4, 200
Row = Sequence[str]
_HXL: Final = re.compile(r"#[a-z][\w+ -]*", re.IGNORECASE)
_YEAR: Final = re.compile(r"(1[5-9]|20|21)\d\d")
_UNIT: Final = re.compile(
    r"[(\[].{1,20}[)\]]|[%‰°]|°?[CFK]|[kcmdµ]?m[²³23]?|[kmµ]?g|[kMG]?t|m?[lL]|[mµn]?s|sec|min|h|hr|hours?|days?|years?"
    r"|[kMG]?(?:W|Wh|Hz|V|A|B|Pa|bar|J|N)|hPa|mbar|km/h|m/s|mph|ha|in|ft|lbs?|kg/m3|mg/l|µg/m3|ppm|deg|degrees?|meters?"
    r"|EUR|USD|GBP|CHF|Mio\.?|Tsd\.?|pcs|Stk\.?|string|int(?:eger)?|float|double|text|(?:var)?char|(?:tiny|small|big|huge)int|u?int\d+|numeric|decimal|real|date|datetime|timestamp|bool(?:ean)?"
)
_TYPED: Final = ("number", "date", "boolean")


@dataclass(frozen=True, slots=True)
class Header:
    """`start` is the index of the first record of the table; the first `lines` of its records name the columns."""

    start: int
    lines: int
    names: list[str] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)

    @property
    def first_row(self) -> int:
        """The index of the first record of data."""
        return self.start + self.lines


def usual_width(records: Sequence[Row]) -> int:
    """The width that most records have; or that of the table below a preamble, which is narrower and not as full."""
    widths = [(index, len(record)) for index, record in enumerate(records) if record]
    counts = Counter(width for _, width in widths)
    if not counts:
        return 0
    usual = counts.most_common(1)[0][0]
    for width, count in counts.most_common(8)[1:]:
        first = next(index for index, each in widths if each == width)
        if width <= usual or count < 2 or not 0 < first <= MOST_PREAMBLE:
            continue
        below = sum(index >= first for index, _ in widths)
        above = [_filled(record) for record in records[:first] if record]
        if count >= below * 0.7 and max(above, default=0) <= max(2, width * 0.6):
            return width
    return usual


def find_header(records: Sequence[Row], choice: HeaderChoice = "auto") -> Header:
    """The header of a table by its first records."""
    width = usual_width(records)
    rows = [(index, row) for index, row in enumerate(records) if _filled(row)]
    if not rows:
        return Header(0, 0)
    kinds = kinds_of(_later([row for _, row in rows if row != rows[0][1]] or [rows[0][1]]), width)
    if choice != "auto":
        start = _top(rows, width, kinds)
        return _made(records, start, int(choice == "yes"), [])
    if not any(kinds):
        return _of_text(records, rows, width)
    data = _first_data(rows, kinds, width)
    if data is None:
        return _of_text(records, rows, width)
    block = _block_above(rows, data, width)
    if not block:
        return Header(rows[data][0], 0, notes=_preamble(records, rows[data][0]))
    return _of_block(records, block, rows[data][0], kinds)


def column_names(header: Row, width: int) -> list[str]:
    """A unique name for each column: the header's, `column_3` where it is blank, `name_2` where it is taken."""
    names: list[str] = []
    given = [" ".join(header[place].split()) if place < len(header) else "" for place in range(width)]
    taken: set[str] = set()
    following: Counter[str] = Counter()
    for place, name in enumerate(given):
        base = name = name or f"column_{place + 1}"
        while name in taken:
            following[base] += 1
            name = f"{base}_{following[base] + 1}"
        taken.add(name)
        names.append(name)
    return names


def _filled(row: Row) -> int:
    return sum(bool(cell.strip()) for cell in row)


def _later(rows: Sequence[Row]) -> Sequence[Row]:
    """The later of the first rows, among which no header is."""
    return rows[min(len(rows) - max(1, len(rows) * 3 // 5), MOST_PREAMBLE) :]


def kinds_of(rows: Sequence[Row], width: int) -> list[str | None]:
    """What the values of each column are in most of the rows; None for text."""
    below = [row for row in rows if row][: max(12, min(MOST_BODY, 24_000 // max(1, width)))]
    if even := [row for row in below if len(row) == width]:
        below = even
    kinds: list[str | None] = []
    for place in range(width):
        counts = Counter(kind_of(row[place]) for row in below if place < len(row))
        del counts["blank"]
        usual, count = counts.most_common(1)[0] if counts else ("text", 0)
        # A country NO or two are no booleans.
        enough = count >= sum(counts.values()) * 0.6 and (usual != "boolean" or count > 2)
        kinds.append(usual if usual in _TYPED and enough else None)
    return kinds


def _first_data(rows: Sequence[tuple[int, Row]], kinds: Sequence[str | None], width: int) -> int | None:
    """The place in `rows` of the first that has its numbers and dates where the table has them."""
    below = [row for _, row in rows[len(rows) // 2 :]][:20]
    named = False
    for place, (index, row) in enumerate(rows):
        if index > MOST_PREAMBLE:
            return None
        hits, misses = _fit(row, kinds, below)
        if hits and hits >= misses and not _is_group_in_numbers(row, rows[place + 1 : place + 2], kinds, below):
            return place
        if not hits and not misses and named:
            return place
        named = named or (misses > 0 and _filled(row) * 2 >= width)
    return None


def _is_group_in_numbers(
    row: Row, following: Sequence[tuple[int, Row]], kinds: Sequence[str | None], below: Sequence[Row]
) -> bool:
    """Whether a row with numbers, as a year over its quarters, has a fuller row of nothing but names under it."""
    if not following or _filled(row) >= _filled(following[0][1]):
        return False
    hits, misses = _fit(following[0][1], kinds, below)
    return not hits and misses > 1


def _fit(row: Row, kinds: Sequence[str | None], below: Sequence[Row]) -> tuple[int, int]:
    """How many cells are of their column's kind, and how many are of another. Years and numbers in a row are names."""
    typed = [(place, kind) for place, kind in enumerate(kinds) if kind and place < len(row)]
    cells = [(place, kind, found) for place, kind in typed if (found := kind_of(row[place])) != "blank"]
    same = [place for place, kind, found in cells if found == kind]
    if names := _numbers_as_names(row, same, kinds, below):
        same = [place for place in same if place not in names]
    return len(same), len(cells) - len(same)


def _numbers_as_names(row: Row, places: Sequence[int], kinds: Sequence[str | None], below: Sequence[Row]) -> set[int]:
    """The places of years, or of 1, 2, 3 ..., that stand above numbers of another size and so are names."""
    values = [row[place].strip() for place in places]
    if len(places) < 2 or any(kinds[place] != "number" for place in places):
        return set()
    others = [[each[place].strip() for place in places if place < len(each)] for each in below if each is not row]
    if all(_YEAR.fullmatch(value) for value in values):
        alike = sum(_YEAR.fullmatch(other) is not None for each in others for other in each)
        return set(places) if alike * 2 < sum(map(len, others)) else set()
    first = [kind_of(cell) for place, cell in enumerate(row) if place not in places and cell.strip()]
    if len(places) < 5 or not _counts_on(values) or any(map(_counts_on, others)) or {*first} != {"text"}:
        return set()
    return set(places)


def _counts_on(values: Sequence[str]) -> bool:
    """Whether each of the numbers is one more than that before."""
    if not all(value.isascii() and value.isdecimal() and len(value) < 6 for value in values):
        return False
    return all(int(right) == int(left) + 1 for left, right in pairwise(values))


def _full(row: Row, width: int) -> bool:
    return _filled(row) >= max(1 if width == 1 else 2, width * 0.6)


def _is_caption(row: Row, width: int) -> bool:
    """A title, or a name and its value, as they stand above a table: filled at the left and blank from there."""
    filled = _filled(row)
    packed = all(cell.strip() for cell in row[:filled])
    return packed and filled <= 2 and (width > 3 or filled < 2) and width > 1 and (filled < width)


def _block_above(rows: Sequence[tuple[int, Row]], data: int, width: int) -> list[tuple[int, Row]]:
    """The rows directly above the data, with no blank record between, that may name columns; the top one first."""
    if not data:
        return []
    block = [rows[data - 1]]
    for index, row in reversed(rows[max(0, data - 60) : data - 1]):
        if index != block[0][0] - 1 or _is_caption(row, width) or len(row) * 2 < width:
            break
        block.insert(0, (index, row))
    if len(block) == 1 and _filled(block[0][1]) == 1 and width > 3 and len(block[0][1]) < width:
        return []
    return block


def _of_block(
    records: Sequence[Row], block: Sequence[tuple[int, Row]], data: int, kinds: Sequence[str | None]
) -> Header:
    """The header that the rows of text above the data are: the first, with what belongs to it below."""
    width = len(kinds)
    start, first = block[0]
    if len(block) == 1:
        return _made(records, start, data - start, _preamble(records, start), [first])
    upper_is_group = _is_group(first, block[1][1], width)
    taken = [first]
    said = []
    for index, row in block[1:MOST_LINES]:
        if _share(row, _HXL) > 0.7:
            said.append(_line_note(index, row, "holds HXL tags"))
        elif _share(row, _UNIT) > 0.7 and len([cell for cell in row if cell.strip()]) > 0:
            said.append(_line_note(index, row, "holds units or types"))
        elif len(taken) == 1 and upper_is_group:
            taken.append(row)
            said.append(_line_note(index, row, "is a second line of names"))
        elif sum(bool(kind) for kind in kinds) > 1 and _full(row, width) and not upper_is_group:
            said.append(_line_note(index, row, "describes the columns"))
        else:
            break
    lines = 1 + len(said)
    if start + lines < data and len(block) >= MOST_LINES:
        lines, said, taken = 1, [], [first]
    notes = _preamble(records, start)
    if said:
        message = f"The header has {quantity(lines, 'line')}: " + "; ".join(each[0] for each in said) + "."
        lines_at = [index + 1 for index, _ in block[1:lines]]
        examples = [each[1] for each in said]
        notes.append(
            note(
                "HEADER_LINES",
                message,
                len(said),
                lines=lines_at,
                examples=examples,
                parameter="header",
                choices=["yes", "no"],
            )
        )
    return _made(records, start, lines, notes, taken)


def _line_note(index: int, row: Row, what: str) -> tuple[str, str]:
    return f"record {index + 1} {what}", ", ".join(cell.strip() for cell in row if cell.strip())


def _share(row: Row, pattern: re.Pattern[str]) -> float:
    filled = [cell.strip() for cell in row if cell.strip()]
    return sum(pattern.fullmatch(cell) is not None for cell in filled) / len(filled) if filled else 0


def _is_group(upper: Row, lower: Row, width: int) -> bool:
    """Whether a row names groups of columns (blank or repeated cells) over a fuller row with names of its own."""
    cells = [cell.strip() for cell in upper]
    named = [cell for cell in cells if cell]
    if len(named) < 1 or _filled(lower) < max(2, width * 0.6):
        return False
    repeats = len(set(named)) < len(named)
    gaps = any(not cell for cell in cells[1:]) or len(cells) < width
    years = sum(bool(_YEAR.fullmatch(cell)) for cell in named) > 1
    return repeats or gaps or years


def _joined(upper: Row, lower: Row) -> list[str]:
    """One name for each column from two lines; a group's name goes on over the blank cells to its right."""
    names, group = [], ""
    for place in range(max(len(upper), len(lower))):
        above = upper[place].strip() if place < len(upper) else ""
        below = lower[place].strip() if place < len(lower) else ""
        group = above or group
        names.append(" ".join(part for part in (group, below) if part) if group != below else below)
    return names


def _of_text(records: Sequence[Row], rows: Sequence[tuple[int, Row]], width: int) -> Header:
    """The header of a table without numbers and dates: its first full row, unless that is a row like the others."""
    start = _top(rows, width, [None] * width)
    first = records[start]
    below = [row for index, row in rows if index > start][:MOST_BODY]
    notes = _preamble(records, start)
    if not below:
        typed = any(kind_of(cell) in ("number", "date") for cell in first)
        return _made(records, start, int(not typed), notes)
    if _share(below[0], _HXL) > 0.7:
        at = next(index for index, row in rows if index > start)
        said = f"The header has 2 lines: record {at + 1} holds HXL tags."
        notes.append(note("HEADER_LINES", said, lines=[at + 1], parameter="header", choices=["yes", "no"]))
        return _made(records, start, at + 1 - start, notes, [first])
    names, values = _evidence(first, below)
    has_header = values <= names if names or values else _filled(first) * 2 >= len(first)
    if not names or values:
        said = "names the columns" if has_header else "is taken for data"
        message = f"The table is text throughout: that its first row {said} is a guess."
        notes.append(note("HEADER_DOUBT", message, parameter="header", choices=["no" if has_header else "yes"]))
    return _made(records, start, int(has_header), notes)


def _evidence(first: Row, below: Sequence[Row]) -> tuple[int, int]:
    """In how many columns the first cell is unlike the values below it, and in how many it is one of them."""
    names = values = 0
    for place, cell in enumerate(first):
        cell = cell.strip()
        others = [row[place].strip() for row in below if place < len(row) and row[place].strip()]
        if not cell or not others:
            values += kind_of(cell) in ("number", "date")
            continue
        if cell in others or kind_of(cell) in ("number", "date", "boolean"):
            values += 1
            continue
        shapes = Counter(map(_shape, others))
        shape, count = shapes.most_common(1)[0]
        if count > len(others) * 0.8 and (len(others) > 2 or "9" in shape):
            alike = _shape(cell) == shape
            if alike:
                values += "9" in shape
            else:
                names += 1
        elif re.fullmatch(
            r"[a-z][a-z0-9]*(?:_[a-z0-9]+)+|[a-z]+[A-Z][A-Za-z]*|(?i:id|name|date|type|code|email)", cell
        ):
            names += 1
        elif len(others) > 4 and len(set(others)) * 2 <= len(others):
            names += 1  # the values repeat, and this one does not
    return names, values


def _shape(text: str) -> str:
    """`AB-12` as `A-9`: letters, digits and signs, with runs taken together."""
    kinds = "".join(
        "9" if sign.isdigit() else "A" if sign.isupper() else "a" if sign.isalpha() else sign for sign in text[:60]
    )
    return re.sub(r"(.)\1+", r"\1", kinds)


def _top(rows: Sequence[tuple[int, Row]], width: int, kinds: Sequence[str | None]) -> int:
    """The index of the first record that is as wide as a table; what stands above is a preamble."""
    usual = sorted(_filled(row) for _, row in rows[:MOST_BODY])[len(rows[:MOST_BODY]) // 2]
    for index, row in rows:
        if index > MOST_PREAMBLE:
            break
        if _is_caption(row, width) and _filled(row) < usual:
            continue
        if _filled(row) >= max(1 if width <= 2 else 2, min(usual, width) * 0.6) and len(row) * 2 >= width:
            return index
    return rows[0][0]


def _preamble(records: Sequence[Row], start: int) -> list[Note]:
    above = [(index, row) for index, row in enumerate(records[:start]) if _filled(row)]
    if not above:
        return []
    lines = quantity(len(above), "record")
    examples = [", ".join(cell.strip() for cell in row if cell.strip()) for _, row in above]
    return [
        note(
            "PREAMBLE_SKIPPED",
            f"{lines} above the table {'is' if len(above) == 1 else 'are'} no part of it.",
            len(above),
            examples=examples,
        )
    ]


def _made(
    records: Sequence[Row], start: int, lines: int, notes: list[Note], taken: Sequence[Row] | None = None
) -> Header:
    if not lines:
        return Header(start, 0, notes=notes)
    rows = taken or [records[start]]
    names = _joined(*rows) if len(rows) == 2 else [*rows[0]]
    return Header(start, lines, names, notes)
