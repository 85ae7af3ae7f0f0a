"""What stands below a table and is no row of it: `(3 rows)`, a source, remarks; and a last row of totals."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from app.kit.words import quantity
from app.reports.columns.looks import kind_of
from app.reports.notes import Note, note
from app.reports.readers.layouts import is_said_at_the_end

KEPT: Final = 24
"""So many records at the end are looked at."""
_TOTAL: Final = re.compile(
    r"(?:(?:grand|sub|net|overall)[ -]?)?(?:totals?|sum|summe|gesamt(?:summe)?|insgesamt|somme|totaal|totale|razem|suma"
    r"|итого|всего|celkem|összesen|toplam|summa|i alt|合計|总计)\b.{0,40}",
    re.IGNORECASE,
)
_REMARK: Final = re.compile(
    r"(?:source|sources|note|notes|generated|exported|created|printed|report|end of|eof|footnote|copyright|quelle|stand"
    r"|hinweis|remark|disclaimer|last updated|data (?:from|as of)|legend|total (?:rows|records))\b.*"
    r"|[*†‡©¹²³].*|\[\d+\].*",
    re.IGNORECASE | re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Footer:
    """`index` and `line` are where the records below the table begin (None: there are none); `total`: a row of totals.

    `records` are these, each with its line, and `left_out` what stands in them.
    """

    index: int | None = None
    line: int = 0
    records: list[tuple[int, list[str]]] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    total: int | None = None
    total_text: str = ""

    def notes(self) -> list[Note]:
        """What is said of it."""
        notes = []
        if self.left_out:
            message = f"{quantity(len(self.left_out), 'record')} below the table left out."
            notes.append(
                note("FOOTER_LEFT_OUT", message, len(self.left_out), lines=[self.line], examples=self.left_out)
            )
        if self.total is not None:
            message = "The last row seems to sum the others up; it is counted as a row."
            notes.append(note("TOTAL_ROW", message, lines=[self.total], examples=[self.total_text]))
        return notes


def find_footer(last: Sequence[tuple[int, int, list[str]]], width: int, kinds: Sequence[str | None]) -> Footer:
    """What of the last records, each with its index and line, stands below the table."""
    begins = len(last)
    for place in range(len(last) - 1, 0, -1):
        record = last[place][2]
        if not any(cell.strip() for cell in record):
            continue
        blank_before = not any(cell.strip() for cell in last[place - 1][2])
        if not _is_below(record, width, kinds, blank_before=blank_before or begins < len(last)):
            break
        if blank_before or _says_so(record, width) or begins < len(last):
            begins = place
    while 0 < begins < len(last) and not any(cell.strip() for cell in last[begins - 1][2]):
        begins -= 1
    above = next((each for each in reversed(last[:begins]) if any(cell.strip() for cell in each[2])), None)
    total, text = None, ""
    if above and len(above[2]) == width and width > 1 and _is_total(above[2]):
        total, text = above[1], ", ".join(cell.strip() for cell in above[2] if cell.strip())
    if total is not None and above and _is_in_typed_column(above[2], kinds):
        begins, total, text = last.index(above), None, ""
    below = last[begins:]
    if not any(any(cell.strip() for cell in record) for _, _, record in below):
        return Footer(total=total, total_text=text)
    return Footer(
        index=below[0][0],
        line=below[0][1],
        records=[(line, record) for _, line, record in below],
        left_out=[" ".join(cell.strip() for cell in record if cell.strip()) for _, _, record in below if any(record)],
        total=total,
        total_text=text,
    )


def _is_below(record: Sequence[str], width: int, kinds: Sequence[str | None], *, blank_before: bool) -> bool:
    """Whether a record may stand below the table: it has little in it, and nothing where the table has numbers."""
    if _says_so(record, width):
        return True
    filled = [place for place, cell in enumerate(record) if cell.strip()]
    if not blank_before or width < 2:
        return False
    found = [(kinds[place], kind_of(record[place])) for place in filled if place < len(kinds) and kinds[place]]
    if len(filled) > max(1, min(2, width // 3)):
        return found[0][1] == "text" if found and filled[0] == 0 and kinds[0] else False
    return not any(kind == each for kind, each in found)


def _is_in_typed_column(record: Sequence[str], kinds: Sequence[str | None]) -> bool:
    """Whether the words of a row of totals stand where the table has numbers or dates, as those of no row do."""
    place = next((place for place, cell in enumerate(record) if kind_of(cell) == "text"), len(kinds))
    return place < len(kinds) and kinds[place] is not None


def _says_so(record: Sequence[str], width: int) -> bool:
    filled = [cell.strip() for cell in record if cell.strip()]
    if len(filled) != 1 or not record[0].strip():
        return False
    if is_said_at_the_end(filled[0]):
        return True
    return width > 2 and (len(record) < width or width > 3) and _REMARK.fullmatch(filled[0][:400]) is not None


def _is_total(record: Sequence[str]) -> bool:
    words = [cell.strip() for cell in record if cell.strip()]
    named = next((cell for cell in words[:2] if kind_of(cell) == "text"), "")
    return _TOTAL.fullmatch(named) is not None and any(kind_of(cell) == "number" for cell in words)
