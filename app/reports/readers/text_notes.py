"""What is said about the reading of a text table as a whole: what was guessed, mended or left out."""

from __future__ import annotations

from app.kit.words import quantity
from app.reports.notes import Note, note
from app.reports.readers.dialect import NAMES, Dialect
from app.reports.readers.footer import Footer
from app.reports.readers.records import Places, Scan


def text_notes(dialect: Dialect, scan: Scan, footer: Footer) -> list[Note]:
    """The notes of a text table, but those on its encoding and its header."""
    return [*_dialect_notes(dialect), *_record_notes(scan), *footer.notes()]


def _named(delimiter: str) -> str:
    return NAMES.get(delimiter, delimiter)


def _dialect_notes(dialect: Dialect) -> list[Note]:
    notes = []
    if dialect.layout and dialect.layout.name == "fixed width":
        message = "The columns are told by their places in the lines, as no delimiter divides them."
        notes.append(
            note("FIXED_WIDTH", message, parameter="delimiter", choices=["comma", "semicolon", "tab", "space"])
        )
    if dialect.rivals and dialect.delimiter:
        others = [_named(rival) for rival in dialect.rivals]
        message = (
            f"Read with the delimiter {_named(dialect.delimiter)}; {' or '.join(others)} would fit almost as well."
        )
        notes.append(note("DELIMITER_DOUBT", message, parameter="delimiter", choices=others))
    return notes


def _record_notes(scan: Scan) -> list[Note]:
    notes: list[Note] = []

    def say(code: str, message: str, places: Places) -> None:
        if places.count:
            notes.append(note(code, message, places.count, lines=places.lines))

    rows = quantity(scan.ragged, "row")
    if scan.ragged:
        message = f"{rows} with more or fewer fields than the {scan.width:,} columns: cut, or filled up with nothing."
        notes.append(note("RAGGED_ROWS", message, scan.ragged, lines=[row["line"] for row in scan.ragged_rows]))
    mended, opened = scan.mended, scan.open_quotes
    say(
        "QUOTES_MENDED", f"{quantity(mended.count, 'record')} with quotes inside a value that were not doubled.", mended
    )
    say(
        "QUOTE_NEVER_CLOSES",
        f"{quantity(opened.count, 'record')} with a quote that opens a value and never closes.",
        opened,
    )
    message = "A quoted value goes on over lines each of which could be a row by itself."
    say("QUOTE_DOUBT", message, scan.doubtful)
    say("CR_IN_VALUES", "A carriage return stands inside a line; it is kept as a part of the value.", scan.inner_cr)
    say("COMMENTS_LEFT_OUT", f"{quantity(scan.comments.count, 'comment')} among the rows left out.", scan.comments)
    again = quantity(scan.repeated.count, "record")
    say("HEADER_REPEATED", f"{again} among the rows that repeat the header, left out.", scan.repeated)
    problems = scan.problems
    if problems.undecodable:
        message = f"{quantity(problems.undecodable, 'byte')} outside the encoding, shown as U+FFFD."
        lines = problems.undecodable_lines
        notes.append(note("BYTES_OUTSIDE_ENCODING", message, problems.undecodable, lines=lines, parameter="encoding"))
    if problems.nul:
        message = f"{quantity(problems.nul, 'NUL')} left out."
        notes.append(note("NULS_LEFT_OUT", message, problems.nul, lines=problems.nul_lines))
    return notes
