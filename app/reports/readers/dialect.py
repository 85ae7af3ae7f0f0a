"""How a delimited file is written: delimiter, quotes, where the header is. Read off the first records."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from app.reports.choices import HeaderChoice
from app.reports.columns.words import kind_of

DELIMITERS: Final = (",", "\t", ";", "|", ":", "^", "~", "\x1f", "\x01")
"""In the order of preference when two explain the file equally well."""
BY_SUFFIX: Final = {"tsv": "\t", "tab": "\t", "psv": "|"}
SAMPLE_CHARS, SAMPLE_RECORDS, MOST_PREAMBLE = 1 << 18, 400, 20
NO_DELIMITER: Final = "\x1e"
"""Given to csv.reader, which wants one, for files of one column: the ASCII record separator is in no such file."""
NAMES: Final = {"\t": "tab", "\x1f": "unit separator", "\x01": "start of heading"}
_CLOCK: Final = re.compile(r"\d:\d\d")
_DECIMAL_COMMA: Final = re.compile(r"(?:^|;)-?\d+,\d+(?=[;\r\n]|$)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Dialect:
    """`delimiter` is None when every record is one field though commas stand in it.

    `skip` physical lines at the top are comments: they are counted as records and belong to no table.
    """

    delimiter: str | None
    quote: str | None = '"'
    escape: str | None = None
    skip: int = 0
    newline: str = "\n"

    def reader_options(self) -> dict[str, Any]:
        """As arguments of csv.reader."""
        quoting = csv.QUOTE_NONE if self.quote is None else csv.QUOTE_MINIMAL
        return {
            "delimiter": self.delimiter or NO_DELIMITER,
            "quotechar": self.quote,
            "escapechar": self.escape,
            "doublequote": self.escape is None,
            "quoting": quoting,
        }


def detect_dialect(sample: str, suffix: str, *, complete: bool) -> Dialect:
    """The dialect of a text by its beginning. `complete`: the sample is the whole text, so its last line counts."""
    newline = _newline(sample)
    lines = list(io.StringIO(sample, newline=""))
    if not complete and len(lines) > 1:
        lines.pop()
    skip, delimiter = _directives(lines)
    body = lines[skip:]
    if delimiter:
        return replace(_quotes(Dialect(delimiter, skip=skip, newline=newline), sample), skip=skip)
    best, best_score = Dialect(None, skip=skip, newline=newline), 0.0
    for delimiter in DELIMITERS:
        if delimiter not in sample or (delimiter == ":" and _CLOCK.search(sample)):
            continue
        dialect = _quotes(Dialect(delimiter, skip=skip, newline=newline), sample)
        score = _score(read_some(body, dialect)) + (0.2 if BY_SUFFIX.get(suffix) == delimiter else 0)
        score += 0.1 if delimiter == ";" and _DECIMAL_COMMA.search(sample) else 0
        if score > best_score + 0.05:
            best, best_score = dialect, score
    if best.delimiter is None:
        usual = BY_SUFFIX.get(suffix, ",")
        return _quotes(best if usual in sample else replace(best, delimiter=usual), sample)
    return best


def read_some(lines: Sequence[str], dialect: Dialect) -> list[list[str]]:
    """The first records of the lines; what breaks in the middle ends them."""
    records: list[list[str]] = []
    try:
        for record in csv.reader(lines, **dialect.reader_options()):
            records.append(record)
            if len(records) >= SAMPLE_RECORDS:
                break
    except csv.Error:
        pass
    return records


def _newline(sample: str) -> str:
    windows = sample.count("\r\n")
    counts = {"\r\n": windows, "\n": sample.count("\n") - windows, "\r": sample.count("\r") - windows}
    return max(counts, key=lambda end: counts[end]) if any(counts.values()) else "\n"


def _directives(lines: Sequence[str]) -> tuple[int, str | None]:
    """How many lines at the top are comments, or Excel's `sep=`, and the delimiter that the latter names."""
    match = re.fullmatch(r"\ufeff?sep=(.)\s*", lines[0], re.IGNORECASE) if lines else None
    if match:
        return 1, match[1]
    skip = 0
    while skip < min(len(lines) - 1, MOST_PREAMBLE) and lines[skip].startswith("#"):
        skip += 1
    # A table whose header begins with # is one whose next lines do not.
    if skip and skip < len(lines):
        following = lines[skip]
        last = lines[skip - 1]
        same = [d for d in DELIMITERS[:4] if d in last and last.count(d) == following.count(d)]
        if same:
            skip -= 1
    return skip, None


def _quotes(dialect: Dialect, sample: str) -> Dialect:
    """The dialect with the quote and the escape that the sample shows."""
    edge = re.escape(dialect.delimiter) if dialect.delimiter else r"\n"
    single = len(re.findall(rf"(?:^|{edge}|\n)'[^'\n]*'(?={edge}|\r|\n|$)", sample))
    double = len(re.findall(rf'(?:^|{edge}|\n)"', sample))
    quote = "'" if single > double and single >= 2 else '"'
    escaped = len(re.findall(rf"[^\\{edge}\n]\\{quote}(?!{edge}|\r|\n|$)", sample))
    doubled = len(re.findall(rf"[^{edge}\n]{quote}{quote}(?!{edge}|\r|\n|$)", sample))
    return replace(dialect, quote=quote, escape="\\" if escaped > doubled else None)


def _score(records: Sequence[Sequence[str]]) -> float:
    """How well a delimiter explains the records: the share that has the usual width, and whether the first has."""
    widths = [len(record) for record in records if record]
    if not widths:
        return 0
    width, count = Counter(widths).most_common(1)[0]
    if width < 2:
        # Few rows under a header that is wide, or a wide table below a long preamble.
        wide = [w for w in widths if w > 1]
        return 0.3 * len(wide) / len(widths) if wide and max(wide) > 2 else 0
    first = next(w for w in widths if w)
    return count / len(widths) + (0.1 if first == width else 0) + min(width, 10) * 0.005


def usual_width(records: Sequence[Sequence[str]]) -> int:
    """The width most records have; of two equally frequent ones the first met."""
    widths = Counter(len(record) for record in records if record)
    return widths.most_common(1)[0][0] if widths else 0


def find_header(records: Sequence[Sequence[str]], choice: HeaderChoice) -> tuple[int, bool]:
    """The index of the first record of the table, and whether it is a header. What stands above is a preamble."""
    width = usual_width(records)
    start = 0
    for index, record in enumerate(records[: MOST_PREAMBLE + 1]):
        filled = sum(bool(cell.strip()) for cell in record)
        if filled > 1 or (width <= 2 and filled and len(record) == width):
            start = index
            break
    if width > 2 and len(records[start]) * 2 < width:  # a sentence with a comma above a wide table
        wide = (i for i, record in enumerate(records[: MOST_PREAMBLE + 1]) if i > start and len(record) >= width)
        start = next(wide, start)
    if choice != "auto":
        return start, choice == "yes"
    return start, _is_header(records[start], [record for record in records[start + 1 : start + 101] if record])


def _is_header(first: Sequence[str], rows: Sequence[Sequence[str]]) -> bool:
    """Whether the first record names the columns: its cells are of another kind than what stands below them."""
    kinds = [kind_of(cell) for cell in first]
    if all(kind == "blank" for kind in kinds):
        return False
    years = [cell.strip() for cell, kind in zip(first, kinds, strict=True) if kind == "number"]
    if len(years) > 1 and all(re.fullmatch(r"(1[89]|20)\d\d", year) for year in years) and years == sorted(set(years)):
        kinds = ["text" if kind == "number" else kind for kind in kinds]
    names, values = 0, 0
    for place, kind in enumerate(kinds):
        below = Counter(kind_of(row[place]) for row in rows if place < len(row))
        del below["blank"]
        if not below:
            values += kind in ("number", "date")
            continue
        usual, count = below.most_common(1)[0]
        if usual in ("number", "date", "boolean") and count >= sum(below.values()) * 0.6:
            names += kind == "text"
            values += kind == usual
        else:
            values += kind in ("number", "date")
    if names or values:
        return names > values
    filled = [cell.strip().casefold() for cell in first if cell.strip()]
    return len(set(filled)) == len(filled) and len(filled) >= len(first) * 0.5


def column_names(header: Sequence[str], width: int) -> list[str]:
    """A unique name for each column: the header's, `column_3` where it is blank, `name_2` where it is taken."""
    names: list[str] = []
    taken: set[str] = set()
    for place in range(width):
        given = " ".join(header[place].split()) if place < len(header) else ""
        base = given or f"column_{place + 1}"
        name, number = base, 2
        while name in taken:
            name, number = f"{base}_{number}", number + 1
        taken.add(name)
        names.append(name)
    return names
