"""Bytes of a CSV file, or of the JSON that is at times saved under that name, to rows with their line numbers.

What can be read in one way only is read and reported as a repair: another encoding, another delimiter, rows of JSON.
Everything else that is no table raises FileNotReadable.
"""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from app.kit.json_reading import load_json
from app.kit.text.decoding import EncodingUnknown, decode, is_markup
from app.registrations.errors import FileNotReadable
from app.registrations.findings import Findings

DELIMITERS: Final = (",", ";", "\t", "|")
LARGEST_CELL: Final = 100_000
MOST_COLUMNS: Final = 200


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a table: where it begins, and its cells by column. `ragged` says how many cells it has too few."""

    line: int
    cells: dict[str, str]
    lacking: int = 0


@dataclass(frozen=True, slots=True)
class Table:
    """A table as it was sent, its columns named as in its head. `sent` counts the rows that do not fit as well."""

    columns: list[str]
    rows: list[Row]
    sent: int
    from_json: bool = False


def read_table(data: bytes, findings: Findings) -> Table:
    """The table in a file; raises FileNotReadable. Rows that do not fit the head are errors, and left out. Blocks."""
    if data.startswith(b"PK\x03\x04"):
        raise FileNotReadable("workbook_not_csv", "The file is a workbook or an archive: save the sheet as CSV.")
    text = _decode(data, findings)
    start = text.lstrip()
    if not start:
        raise FileNotReadable("empty_file", "The file is empty.")
    if start[0] in "{[":
        found = _read_json(start)
        if isinstance(found, list):
            findings.repair("json_as_table", "The file is JSON, not CSV; its objects were read as rows.")
            return _table_of_objects(found, findings)
        findings.repair("json_around_csv", "The file is a JSON answer with the CSV inside; the CSV was taken out.")
        text = found
    elif is_markup(start):
        raise FileNotReadable("markup_not_csv", "The file is a web page or XML, not CSV: perhaps a saved error page.")
    return _read_csv(text, findings)


def _decode(data: bytes, findings: Findings) -> str:
    try:
        decoded = decode(data)
    except EncodingUnknown as error:
        raise FileNotReadable("encoding_unknown", f"{error} Save the file as UTF-8 and send it again.") from None
    if decoded.encoding != "utf-8":
        findings.repair("encoding", f"The file is not UTF-8; it was read as {decoded.encoding}.")
    text = decoded.text
    if "\x00" in text:
        line = text[: text.index("\x00")].count("\n") + 1
        raise FileNotReadable(
            "nul_character", f"Line {line} contains the character U+0000: this is no text.", line=line
        )
    return text


def _read_json(text: str) -> list[Any] | str:
    """The rows, or the CSV text, that a JSON document carries."""
    try:
        document = load_json(text)
    except ValueError:
        raise FileNotReadable("json_not_csv", "The file begins like JSON, and is neither JSON nor CSV.") from None
    found = _find_rows(document, 0)
    if found is None:
        said = document.get("message") or document.get("error") if isinstance(document, dict) else None
        quoted = f" It says: {said[:120]}" if isinstance(said, str) else ""
        raise FileNotReadable("json_not_csv", f"The file is a JSON answer without rows, saved as .csv.{quoted}")
    return found


def _find_rows(value: Any, depth: int) -> list[Any] | str | None:
    if isinstance(value, list):
        return value if value and all(isinstance(item, dict) for item in value) else None
    if isinstance(value, str):
        head = value.lstrip("\ufeff\r\n ").partition("\n")[0]
        return value if "\n" in value and head.count(",") >= 2 else None
    if isinstance(value, dict) and depth < 4:
        for member in value.values():
            if (found := _find_rows(member, depth + 1)) is not None:
                return found
    return None


def _table_of_objects(objects: list[Any], findings: Findings) -> Table:
    columns = list(dict.fromkeys(str(name).strip() for item in objects[:10_000] for name in item))[:MOST_COLUMNS]
    rows = []
    for place, item in enumerate(objects, 1):
        cells = {str(name).strip(): _cell_of(value) for name, value in item.items()}
        if "\x00" in "".join(cells.values()):
            findings.error("nul_character", "A value contains the character U+0000.", line=place)
            continue
        rows.append(Row(place, {name: cells.get(name, "") for name in columns}))
    return Table(columns, rows, len(objects), from_json=True)


def _cell_of(value: Any) -> str:
    match value:
        case None:
            return ""
        case str():
            return value.encode("utf-8", "replace").decode()
        case bool():
            return str(value).lower()
        case dict() | list():
            return json.dumps(value, ensure_ascii=False).encode("utf-8", "replace").decode()
    return str(value)


def _delimiter_of(text: str) -> str:
    """The delimiter that splits the head into most columns; a comma when none does."""
    head = next((line for line in text.splitlines()[:50] if line.strip()), "")
    counts = Counter({delimiter: head.count(delimiter) for delimiter in DELIMITERS})
    best, count = counts.most_common(1)[0]
    return best if count > counts[","] else ","


def _lines(text: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Each row with the number of its first line; raises FileNotReadable where the quotes stop making sense."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    before = 0
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            line = before + 1
            raise FileNotReadable(
                "quotes_not_closed", f"The quotes of the row that begins in line {line} do not fit: {error}.", line=line
            ) from None
        yield before + 1, cells
        before = reader.line_num


def _read_csv(text: str, findings: Findings) -> Table:
    delimiter = _delimiter_of(text)
    if delimiter != ",":
        shown = {"\t": "tab", ";": "semicolon", "|": "vertical bar"}[delimiter]
        findings.repair("delimiter", f"The cells are separated by a {shown}, not by a comma.")
    lines = ((line, cells) for line, cells in _lines(text, delimiter) if any(cell.strip() for cell in cells))
    head_line, head = next(lines, (1, []))
    columns = [name.strip().lstrip("\ufeff") for name in head]
    while columns and not columns[-1]:
        columns.pop()
    if len(columns) > MOST_COLUMNS:
        raise FileNotReadable(
            "too_many_columns", f"The header has {len(columns)} columns; at most {MOST_COLUMNS} make sense."
        )
    if twice := [name for name, count in Counter(map(str.lower, filter(None, columns))).items() if count > 1]:
        raise FileNotReadable("column_twice", f"The head names the column {twice[0]} twice.", line=head_line)
    rows, sent = [], 0
    for line, cells in lines:
        sent += 1
        if len(cells) > len(columns):
            if any(cell.strip() for cell in cells[len(columns) :]):
                message = f"The row has {len(cells)} cells, the head has {len(columns)}: is a comma not quoted?"
                findings.error("too_many_cells", message, line=line)
                continue
            findings.repair("empty_cells_cut", "Empty cells after the last column were left out.", line=line)
        if any(len(cell) > LARGEST_CELL for cell in cells):
            findings.error("cell_too_long", f"A cell has more than {LARGEST_CELL:,} characters.", line=line)
            continue
        lacking = max(0, len(columns) - len(cells))
        padded = cells + [""] * lacking
        rows.append(Row(line, {name: padded[at].strip() for at, name in enumerate(columns) if name}, lacking))
    return Table([name for name in columns if name], rows, sent)


def rename_columns(table: Table, known: Mapping[str, str]) -> Table:
    """The table with its columns by their proper names; `known` has them by their names in lower case, bare."""
    names = {column: known.get(bare(column), column) for column in table.columns}
    rows = [Row(row.line, {names[name]: cell for name, cell in row.cells.items()}, row.lacking) for row in table.rows]
    return Table([names[column] for column in table.columns], rows, table.sent, table.from_json)


def bare(column: str) -> str:
    """A column's name in lower case without blanks and marks: `Dish Price` and `dish_price` are the same."""
    return "".join(letter for letter in column.lower() if letter.isalnum())


def plain_csv(columns: Sequence[str], rows: Sequence[Mapping[str, str]]) -> bytes:
    """A CSV file for machines: UTF-8, no byte order mark, cells as they are."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(columns)
    writer.writerows([row.get(column, "") for column in columns] for row in rows)
    return text.getvalue().encode()
