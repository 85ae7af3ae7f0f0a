"""What a person may decide about the reading of a table, where it would otherwise be guessed."""

from __future__ import annotations

import codecs
from dataclasses import dataclass
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, BeforeValidator, StringConstraints

HeaderChoice = Literal["auto", "yes", "no"]
DecimalChoice = Literal["auto", "point", "comma"]
DateOrderChoice = Literal["auto", "dmy", "mdy", "ymd"]
DELIMITERS_BY_NAME: Final = {
    "bar": "|",
    "caret": "^",
    "colon": ":",
    "comma": ",",
    "pipe": "|",
    "semicolon": ";",
    "space": " ",
    "start of heading": "\x01",
    "tab": "\t",
    "tilde": "~",
    "unit separator": "\x1f",
    "\\t": "\t",
}
_UNFIT_CODECS: Final = frozenset(
    ("idna", "punycode", "undefined", "unicode_escape", "raw_unicode_escape", "mbcs", "oem")
)


def named_delimiter(choice: str) -> str:
    """The delimiter that a person means by a name such as `tab`, or by itself."""
    return DELIMITERS_BY_NAME.get(choice.strip().casefold(), choice)


def _delimiter(choice: str) -> str | None:
    delimiter = named_delimiter(choice)
    if not delimiter:
        return None
    if len(delimiter) > 4 or any(sign.isalnum() or sign in "\"'\r\n\x00" for sign in delimiter):
        raise ValueError(
            "name it (comma, semicolon, tab, pipe, space) or give up to 4 signs that are no letters or quotes"
        )
    return delimiter


def _encoding(choice: str) -> str | None:
    if not choice.strip():
        return None
    try:
        codec = codecs.lookup(choice.strip())
        "".encode(codec.name)  # refuses those that are not of text, such as hex
    except (LookupError, ValueError):
        raise ValueError("there is no encoding of that name; utf-8, cp1252 and iso8859-2 are some") from None
    if codec.name.replace("-", "_") in _UNFIT_CODECS:
        raise ValueError("no text is in that encoding")
    return "utf-8-sig" if codec.name == "utf-8" else codec.name


def _none(value: object) -> object:
    """A form sends an empty field where nothing was decided."""
    return None if value in ("", "auto") else value


Delimiter = Annotated[
    Annotated[str, StringConstraints(max_length=20, strip_whitespace=False), AfterValidator(_delimiter)] | None,
    BeforeValidator(_none),
]
EncodingName = Annotated[
    Annotated[str, StringConstraints(max_length=40), AfterValidator(_encoding)] | None, BeforeValidator(_none)
]


@dataclass(frozen=True, slots=True)
class Choices:
    """`auto` and None leave the decision to what stands in the file.

    `header`: whether the first row names the columns. `sheet`: the sheet of a workbook. `delimiter`: what stands
    between fields. `encoding`: a codec that Python knows. `decimal`: the decimal sign of numbers. `date_order`: how to
    read dates such as 03/04/2024.
    """

    header: HeaderChoice = "auto"
    sheet: str | None = None
    delimiter: str | None = None
    encoding: str | None = None
    decimal: DecimalChoice = "auto"
    date_order: DateOrderChoice = "auto"


GUESS = Choices()
