"""What a person may decide about the reading of a table, where it would otherwise be guessed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

HeaderChoice = Literal["auto", "yes", "no"]
DecimalChoice = Literal["auto", "point", "comma"]
DateOrderChoice = Literal["auto", "dmy", "mdy", "ymd"]


@dataclass(frozen=True, slots=True)
class Choices:
    """`auto` and None leave the decision to what stands in the file.

    `header`: whether the first row names the columns. `sheet`: the sheet of a workbook. `delimiter`: the character
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
