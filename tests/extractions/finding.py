"""One person's swims on a sheet, found as the pipeline finds them: in the sheet's text."""

from __future__ import annotations

from app.extractions.names import Wanted
from app.extractions.sheet_text import find_in_sheet, write_sheet
from app.extractions.swims import Sheet, Swim


def find_swims(sheet: Sheet, swimmer_name: str) -> tuple[list[Swim], list[str]]:
    found = find_in_sheet(write_sheet(sheet), Wanted(swimmer_name))
    return [Swim(**{**swim, "box": swim["box"] and tuple(swim["box"])}) for swim in found.swims], found.near_names
