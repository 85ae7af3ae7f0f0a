"""Which encoding a text of unknown origin has: what its byte order mark says, UTF-8, UTF-16 without a mark, or a guess.

What to do about doubt is the reader's to decide: a report notes the bytes that do not fit, a menu is read and the guess
reported as a repair, and whoever takes over an older system's jobs is asked.
"""

from __future__ import annotations

import codecs
from dataclasses import dataclass
from typing import Final, Literal

from app.kit.text.charsets import rank_encodings, words_of

SAMPLE: Final = 1 << 16
"""So many bytes at the beginning are looked at, and so many of the lines that tell encodings apart."""
MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
SURE: Final = 6.0
"""How much likelier the best guess of an encoding has to be than the next, as a natural logarithm.

On single words in 30 languages and 40 encodings none was taken wrongly at this; one © was once taken for Japanese.
"""
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
    """UTF-16 without a mark: every other byte of what is ASCII in it is 0, and the rest are letters of few scripts."""
    pairs = len(start) // 2
    even, odd = start[: pairs * 2 : 2].count(0), start[1 : pairs * 2 : 2].count(0)
    if pairs < 4 or not even + odd:
        return None
    if odd > pairs * 0.4 and even < pairs * 0.05:
        return "utf-16-le"
    if even > pairs * 0.4 and odd < pairs * 0.05:
        return "utf-16-be"
    encoding, ends = ("utf-16-le", b"\n\x00") if odd > even else ("utf-16-be", b"\x00\n")
    if min(even, odd) * 20 > max(even, odd) or ends not in start:
        return None
    text = start[: pairs * 2].decode(encoding, "ignore")
    fitting = sum(sign in "\t\r\n" or " " <= sign <= "~" or _is_usual(sign) for sign in text)
    ascii_bytes = sum(0x20 <= byte < 0x7F or byte in b"\t\r\n" for byte in start)
    return encoding if fitting >= len(text) * 0.97 and ascii_bytes < len(start) * 0.9 else None


def _is_usual(sign: str) -> bool:
    """Whether it is of Latin, Greek, Cyrillic, Hebrew, Arabic, Thai, Chinese, Japanese or Korean script."""
    return (
        "\xa0" <= sign <= "\u06ff"
        or "\u0e00" <= sign <= "\u0e7f"
        or "\u1e00" <= sign <= "\u2122"
        or "\u3000" <= sign <= "\u30ff"
        or "\u4e00" <= sign <= "\u9fff"
        or "\uac00" <= sign <= "\ud7a3"
        or "\uff01" <= sign <= "\uff9f"
    )


def telling_lines(data: bytes) -> bytes:
    """The lines that tell encodings apart: those that are not ASCII."""
    return b"\n".join(line for line in data.splitlines() if not line.isascii())[:SAMPLE]


def guess_encoding(telling: bytes) -> str | None:
    """The encoding of another script or system, from lines that are not UTF-8.

    None: it is a Western one, or there is too little to tell it by.
    """
    ranked = rank_encodings(words_of(telling))
    sure = ranked and (len(ranked) == 1 or ranked[0].weight - ranked[1].weight >= SURE)
    return ranked[0].encoding if sure and ranked[0].encoding != "cp1252" else None


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
