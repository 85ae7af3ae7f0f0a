"""Which encoding a text of unknown origin has: what its byte order mark says, UTF-8, UTF-16 without a mark, or a guess.

What to do about doubt is the reader's to decide: a report notes the bytes that do not fit, a menu is read and the guess
reported as a repair, and whoever takes over an older system's jobs is asked.
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass
from typing import Final, Literal

SAMPLE: Final = 1 << 16
"""So many bytes at the beginning are looked at, and so many of the lines that tell encodings apart."""
MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_DOS: Final = ("cp437", "cp775", "cp850")
WESTERN: Final = frozenset(
    ("ascii", "cp1252", "latin_1", "iso8859_15", "cp1250", "iso8859_2", "cp1254", "iso8859_9", "cp1257", "mac_roman")
) | set(_DOS)
"""Between these guesses go wrong, so that cp1252 is taken for all of them; those of DOS count where it does not fit."""
LEAST_EVIDENCE: Final = 24
"""Guessing a language's encoding from fewer high bytes is a lottery: one © was taken for Japanese."""
STRAY: Final = 0.02
"""A smaller share of the high bytes may be ones that cp1252 does not have."""
HIGH: Final = re.compile(rb"[\x80-\xff]")
UNDEFINED_IN_CP1252: Final = re.compile(rb"[\x81\x8d\x8f\x90\x9d]")
_MARKUP: Final = ("<!doctype", "<html", "<head", "<?xml", "<svg", "<rss")


class EncodingUnknown(ValueError):
    """The bytes are no text in the encoding that they should have; the message is a sentence."""


@dataclass(frozen=True, slots=True)
class Decoded:
    """A text without its byte order mark; `encoding` is Python's name of it; `found` says how it was found."""

    text: str
    encoding: str
    found: Literal["given", "mark", "utf-8", "guess"]


def marked_encoding(start: bytes) -> str | None:
    """The encoding that a byte order mark names; decoding with it drops the mark."""
    return next((name for mark, name in MARKS if start.startswith(mark)), None)


def wide_encoding(start: bytes) -> str | None:
    """UTF-16 without a mark: in text of mostly Latin letters every other byte is 0."""
    pairs = len(start) // 2
    if pairs < 4:
        return None
    even, odd = start[: pairs * 2 : 2].count(0), start[1 : pairs * 2 : 2].count(0)
    if odd > pairs * 0.4 and even < pairs * 0.05:
        return "utf-16-le"
    if even > pairs * 0.4 and odd < pairs * 0.05:
        return "utf-16-be"
    return None


def telling_lines(data: bytes) -> bytes:
    """The lines that tell encodings apart: those that are not ASCII."""
    return b"\n".join(line for line in data.splitlines() if not line.isascii())[:SAMPLE]


def guess_encoding(telling: bytes) -> str | None:
    """The encoding of another script or system, from lines that are not UTF-8.

    None: it is a Western one, or there is too little to tell it by.
    """
    high = len(HIGH.findall(telling))
    if high < LEAST_EVIDENCE:
        return None
    from charset_normalizer import from_bytes  # 3 MB that most processes never need

    best = from_bytes(telling).best()
    if best is None or best.encoding == "utf_8":
        return None
    fits_cp1252 = len(UNDEFINED_IN_CP1252.findall(telling)) <= high * STRAY
    if best.encoding in WESTERN and (fits_cp1252 or best.encoding not in _DOS):
        return None
    return codecs.lookup(best.encoding).name


def decode(data: bytes, encoding: str | None = None) -> Decoded:
    """The text of a file, in `encoding` if one is given; raises EncodingUnknown. Blocks."""
    if encoding is not None:
        return Decoded(_strictly(data, encoding).removeprefix("\ufeff"), encoding, "given")
    if marked := marked_encoding(data):
        return Decoded(_strictly(data, marked), marked.removesuffix("-sig"), "mark")
    if wide := wide_encoding(data[:SAMPLE]):
        return Decoded(_strictly(data, wide), wide, "guess")
    try:
        return Decoded(data.decode(), "utf-8", "utf-8")
    except UnicodeDecodeError:
        guessed = guess_encoding(telling_lines(data)) or "cp1252"
    try:
        return Decoded(data.decode(guessed), guessed, "guess")
    except UnicodeError:
        raise EncodingUnknown("The text is neither UTF-8 nor in another encoding that fits.") from None


def _strictly(data: bytes, encoding: str) -> str:
    try:
        return data.decode(encoding)
    except UnicodeError:
        raise EncodingUnknown(f"The text is not {encoding} throughout.") from None
    except LookupError:
        raise EncodingUnknown(f"There is no encoding {encoding}.") from None


def is_markup(text: str) -> bool:
    """Whether a text begins as a web page or another document of XML does."""
    return text.lstrip("\ufeff \t\r\n")[:200].casefold().startswith(_MARKUP)
