"""How a delimited file is written: delimiter, quotes, line ends. Read off the first records."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from app.reports.choices import named_delimiter
from app.reports.columns.looks import kind_of
from app.reports.readers.layouts import Layout, detect_fixed_width, detect_frame, detect_layout

DELIMITERS: Final = (",", "\t", ";", "|", ":", "^", "~", "\x1f", "\x01", "\xa7", "\xa6", " ")
"""In the order of preference when two explain the file equally well."""
BY_SUFFIX: Final = {"tsv": "\t", "tab": "\t", "psv": "|"}
SAMPLE_CHARS, SAMPLE_RECORDS, MOST_PREAMBLE, SCORED_CELLS = 1 << 18, 400, 40, 4000
NO_DELIMITER: Final = "\x1e"
"""Given to csv.reader, which wants one, for files of one column: the ASCII record separator is in no such file."""
SEPARATOR, INNER_CR = "\ufdd0", "\ufdd1"
"""Characters that no text has, for a delimiter of several characters and for a CR that ends no line."""
NAMES: Final = {"\t": "tab", "\x1f": "unit separator", "\x01": "start of heading", " ": "space"}
_WORSE: Final = {":": 0.2, " ": 0.25, "^": 0.05, "~": 0.05, "\xa7": 0.05, "\xa6": 0.05}
"""What seldom is a delimiter has to explain a file better than one that often is."""
NEAR: Final = 0.1
MOSTLY_MOMENTS: Final = 0.9
_CLOCK: Final = re.compile(r"\d:\d\d")
_DECIMAL_COMMA: Final = re.compile(r"(?:^|;)-?\d+,\d+(?=[;\r\n]|$)", re.MULTILINE)
_OTHER: Final = re.compile(r"[;\t|^~]|,(?! )")
_RUN: Final = re.compile(r"[^\w\s\"'.()\[\]{}/\\+*=-]{2,4}")


@dataclass(frozen=True, slots=True)
class Dialect:
    """`delimiter` has one character or several; it is None when every record is one field though commas stand in it.

    `skip` physical lines at the top are comments: they are counted as records and belong to no table. `spaced`: blanks
    after a delimiter are no part of the value. `layout` divides the lines of a table that is drawn or aligned. `rivals`
    are delimiters that explain the file almost as well.
    """

    delimiter: str | None
    quote: str | None = '"'
    escape: str | None = None
    skip: int = 0
    newline: str = "\n"
    spaced: bool = False
    layout: Layout | None = None
    rivals: tuple[str, ...] = ()

    @property
    def separator(self) -> str:
        """The one character that stands for the delimiter where csv.reader sees the lines."""
        return NO_DELIMITER if self.delimiter is None else self.delimiter if len(self.delimiter) == 1 else SEPARATOR

    def reader_options(self) -> dict[str, Any]:
        """As arguments of csv.reader."""
        return {
            "delimiter": self.separator,
            "quotechar": self.quote,
            "escapechar": self.escape,
            "doublequote": self.escape is None,
            "quoting": csv.QUOTE_NONE if self.quote is None else csv.QUOTE_MINIMAL,
            "skipinitialspace": self.spaced,
        }


def detect_dialect(sample: str, suffix: str, *, complete: bool, chosen: str | None = None) -> Dialect:
    """The dialect of a text by its beginning. `complete`: the sample is the whole text, so its last line counts.

    `chosen` is the delimiter that somebody has decided.
    """
    newline = _newline(sample)
    lines = list(io.StringIO(sample, newline="" if newline == "\r" else "\n"))
    if not complete and len(lines) > 1:
        lines.pop()
    skip, named = _directives(lines)
    body = lines[skip:]
    plain = Dialect(None, skip=skip, newline=newline)
    if chosen or named:
        return _quotes(replace(plain, delimiter=chosen or named), sample)
    if layout := detect_layout(body):
        return replace(plain, quote=None, layout=layout)
    if _is_one_value(body):
        return replace(plain, delimiter=BY_SUFFIX.get(suffix, ","))
    ranked = _ranked(body, plain, sample, suffix)
    if ranked and ranked[0][0] > 0:
        best_score, best = ranked[0]
        if best.delimiter == "|" and (layout := detect_frame(body)):
            return replace(plain, quote=None, layout=layout)
        if (best_score < 0.6 or best.delimiter == " ") and (layout := detect_fixed_width(body)):
            return replace(plain, quote=None, layout=layout)
        rivals = tuple(
            each.delimiter or ""
            for score, each in ranked[1:3]
            if score > max(best_score - NEAR, 0.45) and each.delimiter
        )
        return replace(best, rivals=rivals)
    if layout := detect_fixed_width(body):
        return replace(plain, quote=None, layout=layout)
    usual = BY_SUFFIX.get(suffix, ",")
    return _quotes(plain if usual in sample else replace(plain, delimiter=usual), sample)


def _is_one_value(body: Sequence[str]) -> bool:
    """Whether nearly every line is one moment: the blank between its date and its time divides no columns."""
    lines = [line.strip() for line in body[1:SAMPLE_RECORDS] if line.strip()]
    if len(lines) < 2 or any(sign in line for line in lines for sign in ",;\t|"):
        return False
    return sum(kind_of(line) == "date" for line in lines) > len(lines) * MOSTLY_MOMENTS


def _ranked(body: Sequence[str], plain: Dialect, sample: str, suffix: str) -> list[tuple[float, Dialect]]:
    """The delimiters that the text has, the best first, each with how well it explains the records."""
    ranked = []
    for place, delimiter in enumerate((*_several_characters(body), *DELIMITERS)):
        if delimiter not in sample or (delimiter in ": " and _CLOCK.search(sample) and delimiter == ":"):
            continue
        dialect = _quotes(replace(plain, delimiter=delimiter, spaced=delimiter == " "), sample)
        score = _score(read_some(body, dialect), delimiter) - _WORSE.get(delimiter, 0)
        score += 0.2 if BY_SUFFIX.get(suffix) == delimiter else 0
        score += 0.1 if delimiter == ";" and _DECIMAL_COMMA.search(sample) else 0
        score += 0.4 if len(delimiter) > 1 and score > 0.3 else 0
        if score > 0:
            ranked.append((score - place * 0.004, dialect))
    return sorted(ranked, key=lambda each: -each[0])


def _several_characters(body: Sequence[str]) -> list[str]:
    """Delimiters such as `||` or `|~|`: runs of signs that every line has equally often, and none of them alone."""
    lines = [line for line in body[:50] if line.strip()]
    if len(lines) < 2:
        return []
    found = []
    for run, count in Counter(_RUN.findall(lines[0])).most_common(3):
        even = sum(line.count(run) == count for line in lines) >= len(lines) * 0.8
        sign = run[0]
        alone = run == sign * len(run) and any(line.replace(run, "").count(sign) for line in lines)
        if even and not alone and (count > 1 or run[0] in "|~^"):
            found.append(run)
    return found


def read_some(lines: Sequence[str], dialect: Dialect) -> list[list[str]]:
    """The first records of the lines; what breaks in the middle ends them."""
    records: list[list[str]] = []
    if len(dialect.delimiter or "") > 1:
        lines = [line.replace(dialect.delimiter or "", SEPARATOR) for line in lines]
    try:
        for record in csv.reader((line.replace("\r", "\n") for line in lines), **dialect.reader_options()):
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
    match = re.fullmatch(r"\"?sep=(.|\\t)\"?\s*", lines[0], re.IGNORECASE | re.DOTALL) if lines else None
    if match:
        return 1, named_delimiter(match[1])
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
    """The dialect with the quote, the escape and the blanks after delimiters that the sample shows."""
    edge = re.escape(dialect.separator) if dialect.delimiter else r"\n"
    if len(dialect.delimiter or "") > 1:
        sample = sample.replace(dialect.delimiter or "", SEPARATOR)
    has_quotes = '"' in sample
    single = _count(rf"(?:^|{edge}|\n)'(?:[^'\n]|'')*'(?={edge}|\r|\n|$)", sample) if "'" in sample else 0
    double = _count(rf'(?:^|{edge}|\n)"', sample) if has_quotes else 0
    is_divided = dialect.delimiter and not dialect.spaced
    spaced = _count(rf'{edge} +"[^"\n]*" *(?={edge}|\r|\n|$)', sample) if is_divided and ' "' in sample else 0
    closed = _count(rf'{edge}"[^"\n]*"(?={edge}|\r|\n|$)', sample) if spaced else 0
    quote = "'" if single > double + spaced and single >= 2 else '"'
    within = rf"(?!{edge}|\r|\n|$)"
    escaped = _count(rf"[^\\{edge}\n]\\{quote}{within}", sample) if f"\\{quote}" in sample else 0
    doubled = _count(rf"[^{edge}\n]{quote}{quote}{within}", sample) if escaped else 0
    return replace(
        dialect,
        quote=quote,
        escape="\\" if escaped > doubled else None,
        spaced=dialect.spaced or spaced > closed,
    )


def _count(pattern: str, sample: str) -> int:
    """How often it matches; asked only where the sample has the characters that it is about."""
    return sum(1 for _ in re.finditer(pattern, sample))


def _score(records: Sequence[Sequence[str]], delimiter: str) -> float:
    """How well a delimiter explains the records: how many have the usual width, and how much their cells are values."""
    filled = [record for record in records if record]
    if not filled:
        return 0
    widths = [len(record) for record in filled]
    width, count = Counter(widths).most_common(1)[0]
    if width < 2:
        # Few rows under a header that is wide, or a wide table below a long preamble.
        wide = [w for w in widths if w > 1]
        return 0.3 * len(wide) / len(widths) if wide and max(wide) > 2 else 0
    even = [record for record in filled if len(record) == width][: max(10, SCORED_CELLS // width)]
    cells = [cell for record in even for cell in record[:SCORED_CELLS]]
    worth = sum(map(_worth, cells)) / len(cells)
    if delimiter in " :" and (count < len(widths) * 0.9 or not any(map(_is_typed, zip(*even[1:], strict=True)))):
        return 0
    return count / len(widths) * (0.25 + 0.75 * worth) + (0.05 if widths[0] == width else 0) + min(width, 10) * 0.005


def _is_typed(column: Sequence[str]) -> bool:
    return sum(kind_of(cell) in ("number", "date") for cell in column[:50]) >= min(len(column), 50) * 0.8


def _worth(cell: str) -> float:
    """How much a cell looks like one value: a number or a date does, text with another delimiter in it does not."""
    kind = kind_of(cell)
    if kind != "text":
        return 0.7 if kind == "blank" else 1
    if others := len(_OTHER.findall(cell)):
        return 0.2 if others == 1 else 0
    return 0.5 if cell[0] == " " or len(cell) > 60 else 0.8
