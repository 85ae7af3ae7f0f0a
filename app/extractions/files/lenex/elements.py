"""The elements of a LENEX file, read with expat as they come.

What a hostile file can do to a reader of XML is refused where it is declared: entities of its own, which grow without
end, and external ones, which fetch other files. LENEX needs neither.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final
from xml.parsers import expat

from app.extractions.files.text import text_of
from app.extractions.sheet_errors import FILE_UNREADABLE, RESOURCE_LIMIT, SheetError

Attributes = dict[str, str]
Start = Callable[[str, Attributes], None]
End = Callable[[str], None]
_DEEPEST: Final = 40
"""LENEX nests twelve deep."""
_LONGEST: Final = 1000
"""Characters of an attribute that are kept."""


def walk(data: bytes, start: Start, end: End) -> None:
    """Calls `start` and `end` for every element, names in capitals, values without blanks around them.

    A file that names one encoding and is in another is read in the one it is in. Raises `SheetError` for a file that is
    not well-formed, ends too early, declares entities or nests too deep.
    """
    # Expat refuses wrong bytes only where it meets them, when half of the file was handed on already: so look first.
    encoding = None
    if not data.startswith((b"\xfe\xff", b"\xff\xfe")) and b"\0" not in data[:4] and _names_utf8(data[:200]):
        try:
            data.decode()
        except UnicodeDecodeError:
            data, encoding = text_of(data).encode(), "utf-8"
    try:
        _parse(data, encoding, start, end)
    except expat.ExpatError as error:
        message = f"The LENEX file is damaged or cut off: {expat.ErrorString(error.code)} in line {error.lineno}."
        raise SheetError(FILE_UNREADABLE, message) from error


def _names_utf8(beginning: bytes) -> bool:
    declaration = beginning.partition(b"?>")[0].lower()
    return b"encoding" not in declaration or b"utf-8" in declaration or b"utf8" in declaration


def _parse(data: bytes, encoding: str | None, start: Start, end: End) -> None:
    parser = expat.ParserCreate(encoding)
    depth = 0

    def opened(name: str, attributes: Attributes) -> None:
        nonlocal depth
        depth += 1
        if depth > _DEEPEST:
            raise SheetError(RESOURCE_LIMIT, "The LENEX file nests its elements too deep.")
        start(name.upper(), {key: value[:_LONGEST].strip() for key, value in attributes.items()})

    def closed(name: str) -> None:
        nonlocal depth
        depth -= 1
        end(name.upper())

    def refused(*_: object) -> int:
        raise SheetError(FILE_UNREADABLE, "The LENEX file declares entities, which no result file does.")

    parser.StartElementHandler = opened
    parser.EndElementHandler = closed
    parser.EntityDeclHandler = refused
    parser.UnparsedEntityDeclHandler = refused
    parser.ExternalEntityRefHandler = refused
    try:
        parser.Parse(data, True)
    except (LookupError, ValueError) as error:  # an encoding that Python does not have, or that is not of single bytes
        raise SheetError(FILE_UNREADABLE, "The LENEX file names an encoding that is not known.") from error
