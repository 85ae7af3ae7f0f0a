"""Which pages of a sheet the text reading leaves to an AI model, and which of the two readings is taken."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from app.extractions.ai_reading import warning_of
from app.extractions.names import Wanted
from app.extractions.reading import Reading, pages_text
from app.extractions.sheet_errors import NO_TEXT_LAYER
from app.extractions.sheet_text import Found, find_in_sheet, write_sheet
from app.extractions.swims import Sheet

UNKNOWN_LAYOUT: Final = "UNKNOWN_LAYOUT"
LOW_CONFIDENCE: Final = "LOW_CONFIDENCE"
AI_FOUND_NOTHING: Final = "AI_FOUND_NOTHING"


@dataclass(frozen=True, slots=True)
class Left:
    """What is left to a model: the `pages`, None for the whole sheet; `code` and `message` say why."""

    code: str
    message: str
    pages: list[int] | None = None


NO_TEXT: Final = Left(NO_TEXT_LAYER, "The sheet has no text.")


def left_by_text(facts: Mapping[str, Any]) -> Left | None:
    """What the text reading with these facts leaves, or None where it can be relied on."""
    reading: Reading | None = facts["reading"]
    if facts["layout"] == "unknown":
        return Left(UNKNOWN_LAYOUT, "The sheet is in no layout that is read from its text.")
    if reading is None:
        return None
    if reading["confidence"] == "low":
        return Left(LOW_CONFIDENCE, "The text of the sheet could not be read with certainty.")
    pages = [page["page"] for page in reading["pages_to_check"] if page["confidence"] == "low"]
    if not pages:
        return None
    return Left(LOW_CONFIDENCE, f"The text of {pages_text(pages)} could not be read with certainty.", pages)


@dataclass(frozen=True, slots=True)
class Taken:
    """The reading that was taken, as text, and whom it shows. `choice` says which it was where there were two."""

    text: str
    found: Found
    by_ai: bool
    choice: dict[str, Any] | None


def choose(text: str | None, by_ai: Mapping[str, Any], wanted: Wanted) -> Taken:
    """The text reading, or what the provider made of what it was left (the output of `uploading_to_ai`). Blocks.

    A model that finds nothing does not take away what the text shows.
    """
    left = by_ai.get("left") or {}
    if "sheet" not in by_ai:
        assert text is not None, "one of the two has read the sheet"
        refused = by_ai.get("refused")
        choice = _choice("text", left, refused["code"], refused["message"]) if refused else None
        return Taken(text, find_in_sheet(text, wanted), False, choice)
    sheet = Sheet.from_dict(by_ai["sheet"])
    answer = write_sheet(sheet)
    found = find_in_sheet(answer, wanted)
    if text is None:
        return Taken(answer, found, True, _choice("ai", left) if left.get("code") else None)
    if not found.swims:
        nothing = f"The AI found no swim of {wanted.name} there, so the text reading was kept."
        kept = find_in_sheet(text, wanted)
        return Taken(text, kept, False, _choice("text", left, AI_FOUND_NOTHING, nothing))
    if left["pages"] is not None:
        answer = _combine(text, found.swims, wanted, left["pages"])
        found = find_in_sheet(answer, wanted)
    return Taken(answer, found, True, _choice("ai", left))


def _choice(taken: str, left: Mapping[str, Any], code: str = "", message: str = "") -> dict[str, Any]:
    said = " ".join(part for part in (left["message"], message) if part)
    return {"taken": taken, "code": code or left["code"], "message": said, "pages": left["pages"]}


def _combine(text: str, by_ai: Sequence[dict[str, Any]], wanted: Wanted, pages: Sequence[int]) -> str:
    """The text reading with the swimmer's swims on `pages` replaced by the model's."""
    data = json.loads(text)
    replaced = [swim for swim in find_in_sheet(text, wanted).swims if swim["page"] in pages]
    swims = [*(swim for swim in data["swims"] if swim not in replaced), *by_ai]
    swims.sort(key=lambda swim: int(swim["page"]))
    data |= {"swims": swims, "reason": None, "reading": _mixed(data["reading"], by_ai)}
    return write_sheet(Sheet.from_dict(data))


def _mixed(reading: Reading, by_ai: Sequence[dict[str, Any]]) -> Reading:
    """The text's report: the model answers for one swimmer, so what was not read of others stays in it."""
    numbers = [swim["page"] for swim in by_ai]
    warnings = [warning_of(numbers.count(page), page) for page in sorted(set(numbers))]
    return {**reading, "confidence": "check", "warnings": [*warnings, *reading["warnings"]]}
