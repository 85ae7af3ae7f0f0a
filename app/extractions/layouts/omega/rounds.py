"""The pages of a book put together: which round each table is of, and which rows a summary ranks again."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from app.extractions.layouts.omega.headings import Code, Title
from app.extractions.layouts.omega.rows import Row
from app.extractions.swims import Swim

_MOST_IN_SWIM_OFF: Final = 3
_SKIN = re.compile(r"\bskins?\b|\bknock-?out\b", re.IGNORECASE)
_ROUND = re.compile(r"Round\s+([1-3])\b(?!\s+of\b)", re.IGNORECASE)
_OF_ONE_HEAT = re.compile(r"(?:Heat|Semi-?\s?final)\s+\d+(?:\s+of\s+\d+)?", re.IGNORECASE)
_EXTRA_RACE = re.compile(r"\d+([A-Z]{2})")
_STAGES: Final = (
    ("time trial", "time_trial"),
    ("heat", "prelim"),
    ("prelim", "prelim"),
    ("quarter", "prelim"),
    ("semi", "semifinal"),
)


@dataclass(slots=True)
class Part:
    """The rows of one event and round on one page. `number` is the event's own number if the page prints it."""

    title: Title
    stage: str | None
    code: Code | None
    is_summary: bool
    number: str | None = None
    rows: list[Row] = field(default_factory=list)

    @property
    def event(self) -> tuple[str | None, str]:
        """The same for all rounds of an event, unlike the unit."""
        return self.number, self.title.event.casefold()

    @property
    def is_single_heat(self) -> bool:
        """Whether it says that it shows one heat of several."""
        if self.stage and _OF_ONE_HEAT.fullmatch(self.stage):
            return True
        code = self.code
        return code is not None and code.phase in ("HEAT", "SFNL") and code.unit[:4].isdigit() and not _is_extra(code)


def swims_of(parts: list[Part]) -> Iterator[Swim]:
    """The swims of all parts, each swim once: those of single heats only where no summary ranks them."""
    rounds = _Rounds(parts)
    summed_up: defaultdict[object, set[tuple[str, str | None]]] = defaultdict(set)
    named = [(part, rounds.of(part)) for part in parts]
    with_summary = {(part.event, name) for part, name in named if part.is_summary}

    def is_single(part: Part, name: str) -> bool:
        return not part.is_summary and (part.is_single_heat or (part.event, name) in with_summary)

    for part, name in named:
        if not is_single(part, name):
            summed_up[part.event, name].update(row.who for row in part.rows)
    for part, name in named:
        known = summed_up[part.event, name] if is_single(part, name) else ()
        for row in part.rows:
            if row.who not in known:
                yield from row.swims(
                    number=part.number or part.title.unit,
                    event=part.title.event,
                    round_=name,
                    section=part.stage,
                    relay=part.title.is_relay,
                )


class _Rounds:
    """What the pages of an event say together about its rounds."""

    def __init__(self, parts: list[Part]) -> None:
        self._is_skins: defaultdict[object, bool] = defaultdict(bool)
        self._has_rounds_before: dict[int, bool] = {}
        self._sizes: defaultdict[object, int] = defaultdict(int)
        ranked: set[object] = set()
        for part in parts:
            skins = _SKIN.search(part.title.event) or _ROUND.fullmatch(part.stage or "")
            if skins or (part.code and part.code.phase == "QFNL" and not part.stage):
                self._is_skins[part.event] = True
            self._sizes[part.event, part.stage, part.code] += len(part.rows)
            self._has_rounds_before[id(part)] = part.event in ranked
            if part.stage and _read_stage(part.stage) in ("prelim", "semifinal"):
                ranked.add(part.event)

    def of(self, part: Part) -> str:
        """The round of a part: from its title, else from its code, else from how many swim."""
        skins, code = self._is_skins[part.event], part.code
        if part.stage:
            if found := _ROUND.fullmatch(part.stage):
                return f"skins_{found[1]}"
            name = _read_stage(part.stage)
            return "skins_3" if skins and name == "final" else "skins_2" if skins and name == "semifinal" else name
        if code and (extra := _EXTRA_RACE.match(code.unit)):
            return "time_trial" if extra[1] == "TT" else "swim_off"
        if skins:
            return {"SFNL": "skins_2", "FNL-": "skins_3"}.get(code.phase if code else "", "skins_1")
        few = self._sizes[part.event, part.stage, part.code] <= _MOST_IN_SWIM_OFF
        if code and code.phase:
            name = {"HEAT": "prelim", "SFNL": "semifinal", "QFNL": "prelim"}.get(code.phase, "final")
            return "swim_off" if few and name != "final" else name
        return "swim_off" if few and self._has_rounds_before[id(part)] else "final"


def _read_stage(stage: str) -> str:
    lower = stage.casefold()
    if "swim" in lower:
        return "swim_off"
    if lower.startswith(("slow", "fast")):  # the heats of a final that is swum by time
        return "final"
    return next((name for start, name in _STAGES if lower.startswith(start)), "prelim" if "of" in lower else "final")


def _is_extra(code: Code) -> bool:
    return _EXTRA_RACE.match(code.unit) is not None
