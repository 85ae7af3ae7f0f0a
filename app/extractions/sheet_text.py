"""A sheet as the text it is kept and handed out as: JSON with one swim on each line.

One person's swims are found without decoding the others, and no line takes long to decode: while one is decoded, the
whole process waits.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Final

from app.extractions.names import choose_names
from app.extractions.reading import is_reading
from app.extractions.swims import Sheet, Swim
from app.kit.sandbox import SandboxCrashed

_BEFORE_SWIMS: Final = ', "swims": ['
_AFTER_SWIMS: Final = "]}"
_BEFORE_NAME: Final = '{"name": '
_BEHIND_NAME: Final = ', "kind": '
_RELAY: Final = '"relay"'
_LONGEST: Final = 2**16  # characters; a swim has some 400


class NoSheet(Exception):
    """The text is not one that `write_sheet` writes."""


@dataclass(frozen=True, slots=True)
class Found:
    """What a sheet says of itself, how many swims it has, and one person's; `near` as `choose_names` gives them."""

    facts: dict[str, Any]
    swims_on_sheet: int
    swims: list[dict[str, Any]]
    near: list[str]


def write_sheet(sheet: Sheet) -> str:
    """The sheet as text."""
    data = sheet.to_dict()
    swims = data.pop("swims")
    lines = [_encode(data)[:-1] + _BEFORE_SWIMS, *(f"{_encode(swim)}," for swim in swims), _AFTER_SWIMS]
    if swims:
        lines[-2] = lines[-2][:-1]
    return "\n".join(lines)


def check_sheet(text: str) -> None:
    """Raises `NoSheet` unless the text is one that `write_sheet` writes."""
    try:
        facts, swims = _parts(text)
        sheet = Sheet(**facts, swims=[Swim(**json.loads(swim)) for swim in swims])
        right = write_sheet(sheet) == text
    except (ValueError, TypeError, RecursionError) as error:
        raise NoSheet("This is not a sheet.") from error
    if not right:
        raise NoSheet("This is not how a sheet is written.")


def checked(answer: bytes) -> str:
    """What a child answered, if it is a sheet: a child that has read a hostile file may answer anything."""
    try:
        text = answer.decode()
        check_sheet(text)
    except (UnicodeDecodeError, NoSheet) as error:
        raise SandboxCrashed("The reader answered with something that is not a sheet.") from error
    if not is_reading(read_facts(text)["reading"]):
        raise SandboxCrashed("The reader did not report on the sheet.")
    return text


def read_facts(text: str) -> dict[str, Any]:
    """What a sheet says of itself, without its swims, from a text that has been checked."""
    return _parts(text)[0]


def find_in_sheet(text: str, swimmer_name: str) -> Found:
    """The swims of a person in sheet order, from a text that has been checked."""
    facts, swims = _parts(text)
    named = [_name_of(swim) for swim in swims]
    literals = {literal: json.loads(literal) for literal, _ in groupby(named) if literal}
    chosen, near = choose_names(list(dict.fromkeys(literals.values())), swimmer_name)
    own = [json.loads(swim) for swim, literal in zip(swims, named, strict=True) if literals.get(literal) in chosen]
    return Found(facts, len(swims), own, near)


def _encode(data: dict[str, Any]) -> str:
    return json.dumps(data, ensure_ascii=False)


def _parts(text: str) -> tuple[dict[str, Any], list[str]]:
    """The facts, and the swims undecoded."""
    first, *swims, last = text.split("\n")
    if last != _AFTER_SWIMS or not first.endswith(_BEFORE_SWIMS) or max(map(len, (first, *swims))) > _LONGEST:
        raise NoSheet("This is not a sheet.")
    return json.loads(first.removesuffix(_BEFORE_SWIMS) + "}"), [swim.removesuffix(",") for swim in swims]


def _name_of(swim: str) -> str:
    """The name as its JSON says it; empty for a team that names nobody. Inside of a name there is no bare quote."""
    literal, _, kind = swim[len(_BEFORE_NAME) :].partition(_BEHIND_NAME)
    return "" if kind.startswith(_RELAY + ",") else literal
