"""Which encoding a text file has, and reading its lines with the places noted where the bytes do not fit it."""

from __future__ import annotations

import codecs
import io
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from app.kit.text.charsets import rank_encodings, words_of
from app.kit.text.decoding import SAMPLE, marked_encoding, telling_lines, wide_encoding
from app.reports.choices import GUESS, Choices
from app.reports.notes import Note, note
from app.reports.table_errors import EMPTY_FILE, ENCODING_UNKNOWN, NOT_A_TABLE, TableError

CHUNK: Final = 1 << 20
MOST_LISTED: Final = 100
"""So many places of one kind of problem are listed; all are counted."""
MARK: Final = "\udc80"
"""Stands for bytes that the encoding has no character for. No decoder gives out a lone surrogate by itself."""
_CONTROL: Final = re.compile(rb"[\x02-\x08\x0e-\x1a\x1c-\x1e\x7f]")
"""Not those that some take for delimiters, U+0001 and U+001F, nor escape, which begins the letters of ISO 2022."""
_MULTIBYTE_UTF8: Final = re.compile(rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}")
_HIGH: Final = re.compile(rb"[\x80-\xff]")
_UNDEFINED_IN_CP1252: Final = re.compile(rb"[\x81\x8d\x8f\x90\x9d]")
DAMAGE, MOST_DAMAGED = 0.01, 2
"""Fewer bytes than this share of a file, on a line or two, that no Western encoding has, are damage."""
DOUBTFUL, PLAIN = 4.0, 14.0
"""What is not this much likelier than anything else, as a natural logarithm, is doubtful; or needs no note."""
UNLIKELY, ENOUGH = -6.2, 40
"""The weight of a byte beside ASCII in what is no text in any encoding: -6.8 in noise, -1 to -4 in text (measured)."""


def _mark(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeDecodeError)
    return MARK, error.end


codecs.register_error("reports.mark", _mark)


@dataclass(frozen=True, slots=True)
class Encoding:
    """A codec of Python by name, and whether a byte order mark names it. `notes` say what is doubtful."""

    name: str
    bom: bool = False
    notes: tuple[Note, ...] = ()


@dataclass(slots=True)
class Problems:
    """What was met while reading lines: how much of it, and the first lines it was met on (from 1).

    `marks` are byte order marks that stand where none belongs, and are no part of the text.
    """

    undecodable: int = 0
    nul: int = 0
    marks: int = 0
    undecodable_lines: list[int] = field(default_factory=list)
    nul_lines: list[int] = field(default_factory=list)


def encoding_of(path: Path, choices: Choices = GUESS) -> Encoding:
    """The encoding that somebody has decided, or that of the whole file by what stands in it.

    UTF-16 that was decided has its order of bytes from the text where no mark names it. Raises TableError as
    `detect_encoding` does.
    """
    name = choices.encoding
    if name is None:
        return detect_encoding(path)
    if name in ("utf-16", "utf-32"):
        with path.open("rb") as file:
            sample = file.read(SAMPLE)
        if marked_encoding(sample) != name:
            wide = wide_encoding(sample) if name == "utf-16" else None
            return Encoding(wide or f"{name}-le")
    return Encoding(name)


def detect_encoding(path: Path) -> Encoding:
    """The encoding of a whole file; raises TableError when it is empty, binary or in no encoding that fits."""
    with path.open("rb") as file:
        sample = file.read(SAMPLE)
        if marked := marked_encoding(sample):
            return Encoding(marked, bom=True)
        if wide := wide_encoding(sample):
            return Encoding(wide)
        if not sample.strip(b" \t\r\n\x00"):
            rest = any(piece.strip(b" \t\r\n\x00") for piece in iter(lambda: file.read(CHUNK), b""))
            if not rest:
                raise TableError(EMPTY_FILE, "There is nothing in the file.")
        _refuse_binary(sample)
        file.seek(0)
        high, multibyte, undefined, controls = 0, 0, 0, False
        decoder = codecs.getincrementaldecoder("utf-8")("strict")
        is_utf8, evidence = True, bytearray()
        for piece in iter(lambda: file.read(CHUNK), b""):
            if piece.isascii():
                # Of what is decoded, only the end of a character that began before could go wrong here.
                is_utf8 = is_utf8 and not decoder.getstate()[0]
                continue
            is_utf8 = is_utf8 and _decodes(decoder, piece)
            if not is_utf8 or high == 0:
                high += len(_HIGH.findall(piece))
                multibyte += sum(map(len, _MULTIBYTE_UTF8.findall(piece)))
                undefined += len(_UNDEFINED_IN_CP1252.findall(piece))
                controls = controls or re.search(rb"[\x80-\x9f]", piece) is not None
                if len(evidence) < SAMPLE:
                    evidence += telling_lines(piece) + b"\n"
        is_utf8 = is_utf8 and _decodes(decoder, b"", final=True)
    if is_utf8 or multibyte * 2 > high:
        return Encoding("utf-8")
    if undefined and high <= max(2, path.stat().st_size * DAMAGE) and evidence.count(b"\n") <= MOST_DAMAGED:
        return Encoding("utf-8")
    return _told_by_letters(words_of(bytes(evidence)), has_controls=controls)


def _decodes(decoder: codecs.IncrementalDecoder, piece: bytes, *, final: bool = False) -> bool:
    try:
        decoder.decode(piece, final)
    except UnicodeDecodeError:
        return False
    return True


def _refuse_binary(sample: bytes) -> None:
    controls = len(_CONTROL.findall(sample))
    if controls > len(sample) * 0.02 + 1 or sample.count(0) > len(sample) * 0.3:
        raise TableError(NOT_A_TABLE, "The file is neither text nor a kind of table that can be read.")


def _told_by_letters(words: bytes, *, has_controls: bool) -> Encoding:
    """The encoding that makes the likeliest words; how much likelier than those of the next decides what is noted."""
    ranked = rank_encodings(words)
    high = len(_HIGH.findall(words))
    if not ranked or (high >= ENOUGH and ranked[0].weight < UNLIKELY * high):
        raise TableError(ENCODING_UNKNOWN, "The text is in no encoding that fits; save it as UTF-8 and send it again.")
    best, others = ranked[0], ranked[1:4]
    name = "latin-1" if best.encoding == "cp1252" and not has_controls else best.encoding
    margin = best.weight - others[0].weight if others else math.inf
    if margin >= PLAIN:
        return Encoding(name)
    pairs = zip(best.text.split("\n"), others[0].text.split("\n"), strict=False)
    sample, other = next((pair for pair in pairs if pair[0] != pair[1]), ("", ""))
    message = f"The encoding is told by few letters: {name} reads {sample[:40]}, {others[0].encoding} {other[:40]}."
    code = "ENCODING_DOUBT" if margin < DOUBTFUL else "ENCODING_GUESSED"
    choices = [guess.encoding for guess in others]
    examples = best.text.split("\n")[:3]
    said = note(code, message, best.text.count("\n") + 1, examples=examples, parameter="encoding", choices=choices)
    return Encoding(name, notes=(said,))


def open_text(path: Path, encoding: Encoding, newline: str = "\r") -> io.TextIOWrapper:
    """The text of a file, line ends as they are; bytes that do not fit become MARK.

    Only where lines end with CR does one by itself end a line.
    """
    ends = "" if newline == "\r" else "\n"
    return io.TextIOWrapper(path.open("rb", buffering=CHUNK), encoding.name, "reports.mark", newline=ends)


def noted_lines(text: Iterator[str], problems: Problems) -> Iterator[str]:
    """The lines, without NULs and with U+FFFD where bytes did not fit; what was met is noted in `problems`."""
    for number, line in enumerate(text, 1):
        if "\x00" in line:
            problems.nul += line.count("\x00")
            if len(problems.nul_lines) < MOST_LISTED:
                problems.nul_lines.append(number)
            line = line.replace("\x00", "")
        if not line.isascii():
            if MARK in line:
                problems.undecodable += line.count(MARK)
                if len(problems.undecodable_lines) < MOST_LISTED:
                    problems.undecodable_lines.append(number)
                line = line.replace(MARK, "\N{REPLACEMENT CHARACTER}")
            if line[0] == "\ufeff":
                problems.marks += 1
                line = line.lstrip("\ufeff")
        yield line
