"""The text of a result file, which names its encoding seldom and wrongly now and then."""

from __future__ import annotations

import codecs

from app.kit.text.decoding import SAMPLE, guess_encoding, marked_encoding, telling_lines, wide_encoding

WESTERN = "cp1252"
_LAST_LATIN = 0x24F  # the last letter of Latin Extended-B


def encoding_of(data: bytes) -> str:
    """The encoding of a file, as Python names it: that of its mark, UTF-8, another script's, or Windows' Western one.

    A few names do not tell one Western encoding from another, so a guess only counts when it makes the letters of
    another script of them.
    """
    if marked := marked_encoding(data):
        return marked
    if wide := wide_encoding(data[:SAMPLE]):
        return wide
    try:
        data.decode()
    except UnicodeDecodeError:
        telling = telling_lines(data)
        guessed = guess_encoding(telling)
        return guessed if guessed and _is_other_script(telling, guessed) else WESTERN
    return "utf-8"


def text_of(data: bytes, named: str | None = None) -> str:
    """The text of a file, in the encoding it names if it is in that; bytes that fit no encoding are replaced.

    Pages that say Latin-1 or ASCII are in Windows' encoding, which has more, as browsers take them.
    """
    encoding = encoding_of(data)
    if named and encoding in ("utf-8", WESTERN):
        try:
            name = codecs.lookup(named).name
            return data.decode(WESTERN if name in ("iso8859-1", "ascii") else name)
        except (LookupError, ValueError):
            pass
    return data.decode(encoding, errors="replace").removeprefix("\ufeff")


def _is_other_script(telling: bytes, encoding: str) -> bool:
    letters = [sign for sign in telling.decode(encoding, errors="replace") if sign.isalpha() and not sign.isascii()]
    other = sum(ord(sign) > _LAST_LATIN for sign in letters)
    return other * 10 > len(letters) * 9
