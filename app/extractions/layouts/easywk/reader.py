"""Reads protocols line by line: events, rankings, blocks of those without a place, teams with their swimmers."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from functools import lru_cache
from itertools import takewhile
from typing import Final, NamedTuple

from app.extractions.layouts.cells import plain_time
from app.extractions.layouts.easywk.headings import (
    TIME,
    club_column,
    has_results,
    is_event,
    is_foot,
    is_part,
    is_section,
    is_standings,
    is_table,
    read_event,
    read_state,
    without_more,
)
from app.extractions.layouts.easywk.meet import course, dates, meet_name, titles, without_page
from app.extractions.layouts.relays import Leg, swims_of_team
from app.extractions.pdf.page import TEXT, Line, Pages
from app.extractions.swims import Sheet, Swim, without_repeats

_LAYOUT: Final = "easywk"
_EVENT_WORDS: Final = frozenset(("Wettkampf", "WK"))
_YEAR = r"(?:19|20)\d\d(?:\s?/\s?(?:AK\s?)?\d{1,3})?"
_SPLIT = re.compile(rf"(?:\d{{2,4}}\s?m:?\s*)(?P<time>{TIME})(?:\s*\(?(?:{TIME})?\)?)")
_RANK = re.compile(r"(?P<place>\d{1,3})\.(?!\s*Mannschaft\b)(?:\s+(?P<rest>.*))?$")
_PLAIN_RANK = re.compile(r"(?P<place>\d{1,3})\s+(?P<rest>[^\W\d_].*)")
_RESULT = re.compile(rf"(?P<who>.*?\S)\s+(?P<time>{TIME})(?P<after>(?:\s.*)?)$")
_PERSON = re.compile(rf"(?P<name>[^\d]*[^\d\s])\s+(?P<year>{_YEAR}|\d\d)(?:\s+(?P<team>\S.*))?$")
_TEAM = re.compile(r"(?P<team>.*\S)\s+(?P<letter>\d{1,2})\.\s*Mannschaft(?:\s.*)?$")
_TEAM_BEHIND = re.compile(rf"(?P<letter>\d{{1,2}})\.\s*Mannschaft\s+(?:(?:{_YEAR}|Offen|AK\s?\d+)\s+)?(?P<team>\S.*)$")
_LEG = re.compile(rf"(?P<name>[^\W\d][^\d():/,;]*(?:,\s*[^\W\d][^\d():/,;]*)?)[\s(/,]+(?P<year>{_YEAR})\b\)?")
_UNRANKED = re.compile(r"(?:au(?:ß|ss)er (?:Konkurrenz|Wertung)|a\. ?[KW]\.)", re.IGNORECASE)
_OUT_OF_RANKING = re.compile(r"(?:a\. ?[KW]\.|AK)(?:\s+(?P<rest>[^\W\d_].*)|$)")  # in place of the place, or last
_ANNOUNCED = re.compile(r"Uhrzeit der Bekanntgabe\b", re.IGNORECASE)
_ROUNDS = (
    ("prelim", re.compile(r"\bVorl[aä]uf", re.IGNORECASE)),
    ("semifinal", re.compile(r"\bZwischenl[aä]uf|\bHalbfinal", re.IGNORECASE)),
    ("swim_off", re.compile(r"\bAusschwimmen", re.IGNORECASE)),
)
_RELAY = re.compile(r"\d\s*x\s*\d|staffel", re.IGNORECASE)
_IS_TIME = re.compile(TIME)
_NUMBER = re.compile(r"\d{1,4}")


def recognise(pages: Pages) -> float:
    """Sure when it has EasyWk's headings of events and German times or lists of those who did not start; surer still
    when its foot names EasyWk and its tables have results.
    """
    if not any(_EVENT_WORDS.intersection(map(TEXT, page.words)) for page in pages.words):
        return 0.0  # before any line is made, as most sheets are of other kinds
    texts = [line.text for page in pages.lines() for line in page.lines]
    events = any(map(is_event, texts))
    results = any(_IS_TIME.search(text) or read_state(text) for text in texts)
    if not (events and results):
        return 0.0
    named = any("EasyWk" in word.text for word in pages.words[0].words)
    return 1.0 if named and any(is_table(text) and "Endzeit" in text for text in texts) else 0.85


def read(pages: Pages) -> Sheet:
    """The sheet. A swim that counts in two rankings is two rows, as printed, each with its ranking as `section`."""
    lines = pages.lines()
    reader = _Reader(titles(lines))
    for page in lines:
        for line in page.lines:
            reader.take(line, page.number)
    reader.finish()
    texts = [line.text for page in lines for line in page.lines]
    swims = without_repeats(reader.swims, by_section=True)
    reason = None if swims else "This protocol has events but no results of swimmers."
    return Sheet(meet_name(lines), dates(texts), course(texts), _LAYOUT, len(pages), swims, reason, lines=lines)


@dataclass(slots=True)
class _Row:
    """A swimmer or a team with the lines that belong to it, until the next one."""

    swim: Swim
    legs: list[tuple[str, str]] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)
    announced: bool = False


class _Told(NamedTuple):
    """What a row says of the swim itself; the fields are those of `Swim`."""

    time: str | None
    status: str
    points: str | None = None
    fina_points: str | None = None
    exhibition: bool = False


class _Reader:
    """Takes the lines of a protocol one by one and remembers what the ones before said."""

    def __init__(self, titles: frozenset[str]) -> None:
        self._titles = titles
        self.swims: list[Swim] = []
        self._number: str | None = None
        self._title = ""
        self._section: str | None = None
        self._status = "OK"
        self._unranked = False
        self._rank: int | None = None
        self._row: _Row | None = None
        self._line: Line
        self._clubs: float | None = None
        self._standings = False

    def take(self, line: Line, page: int) -> None:
        """One line, in reading order."""
        text = line.text
        self._line = line
        if event := read_event(text):
            line.meaning = "heading"
            self._start(event)
        elif without_page(text) in self._titles or is_foot(text) or is_part(text):
            line.meaning = "heading"
        elif is_table(text):
            line.meaning = "heading"
            self._clubs = club_column(line)
            if not has_results(text):
                self._end_event()
        elif is_standings(text):
            line.meaning = "heading"
            self._end_event()
        elif self._number is not None:
            self._take_inside(text, page)
        elif self._standings:
            line.meaning = "ranking"

    def finish(self) -> None:
        """Turns the row under way into swims."""
        row, self._row = self._row, None
        if row is None:
            return
        swim = replace(row.swim, note=" ".join(row.reasons) or row.swim.note) if row.reasons else row.swim
        self.swims += swims_of_team(swim, [Leg(number, *leg) for number, leg in enumerate(row.legs, 1)])

    def _end_event(self) -> None:
        """Lists of points stand between the events: nothing of the event before them goes on."""
        self.finish()
        self._number, self._standings = None, True

    def _start(self, event: re.Match[str]) -> None:
        number, title = event["number"], event["title"].strip()
        if event["more"] and number == self._number:
            return
        self.finish()
        self._number, self._title, self._section = number, title, None
        self._status, self._unranked, self._rank = "OK", False, None

    @property
    def _relay(self) -> bool:
        return _is_relay(self._title)

    def _take_inside(self, text: str, page: int) -> None:
        bare = without_more(text)
        state = read_state(bare)
        if state or _UNRANKED.fullmatch(bare.strip(" :")):
            self._line.meaning = "heading"
            if text == bare:
                self.finish()
            self._status, self._unranked, self._rank = state or "OK", state is None, None
        elif is_section(bare):
            self._line.meaning = "heading"
            if text == bare or bare != self._section:
                self._take_section(bare)
        elif splits := _splits(text):
            self._take_splits(splits, text)
        elif (ranked := _RANK.match(text)) and self._take_ranked(ranked, page):
            return
        elif (plain := _PLAIN_RANK.match(text)) and (swim := self._swim(plain["rest"], int(plain["place"]), page)):
            self._status = "OK"
            self._begin(swim)
        elif (out := _OUT_OF_RANKING.match(text)) and (swim := self._swim(out["rest"] or "", None, page)):
            self._status = "OK"
            self._begin(replace(swim, exhibition=True))
        elif (self._unranked or self._rank is not None) and (swim := self._swim(text, self._rank, page)):
            self._begin(swim)
        elif self._status != "OK":
            self._take_in_block(text, page)
        elif self._row and self._row.swim.kind == "relay" and (legs := _legs(text)):
            self._line.meaning = "legs"
            self._row.legs += legs
        elif not _IS_TIME.search(text) and not _NUMBER.fullmatch(text):
            self._line.meaning = "heading"
            self._take_section(text)

    def _take_ranked(self, ranked: re.Match[str], page: int) -> bool:
        """`1. Name ...`, or `1.` and `1. und Kreismeister` before the line with the name."""
        place, rest = int(ranked["place"]), ranked["rest"] or ""
        if swim := self._swim(rest, place, page):
            self._status = "OK"
            self._begin(swim)
        elif not rest or rest.startswith("und ") or (self._status == "OK" and not self._row):
            self._rank = place
        else:
            return False
        return True

    def _take_splits(self, splits: list[str], text: str) -> None:
        if not self._row:
            return
        self._line.meaning = "splits"
        self._row.swim.splits.extend(splits)
        if self._row.swim.kind == "relay":
            self._row.legs += _legs(_SPLIT.sub(" ", text))

    def _take_in_block(self, text: str, page: int) -> None:
        """A line under `disqualifiziert`, `nicht am Start` or `abgemeldet`: who, why, or when it was announced."""
        row = self._row
        if _ANNOUNCED.match(text):
            self._line.meaning = "reason"
            if row:
                row.announced = True
        elif swim := self._absent(text, page):
            self._begin(swim)
        elif row and row.swim.kind == "relay" and (legs := _legs(text)):
            self._line.meaning = "legs"
            row.legs += legs
        elif row and self._status in ("DQ", "DNF") and not row.announced:
            self._line.meaning = "reason"
            row.reasons.append(text)
        elif not row or row.announced or self._status in ("NS", "SCR"):
            self._line.meaning = "heading"
            self._take_section(text)

    def _take_section(self, text: str) -> None:
        """The ranking that starts here: `Jahrgang 2010`, `Offene Wertung`, or a name the host gave it."""
        self.finish()
        self._section, self._status, self._unranked, self._rank = text, "OK", False, None

    def _begin(self, swim: Swim) -> None:
        self.finish()
        self._line.meaning = "row"
        self._rank, self._row = None, _Row(swim)

    def _absent(self, text: str, page: int) -> Swim | None:
        if self._relay:
            team, letter = self._team(text)
            fresh = self._row is None or self._row.announced or self._status in ("NS", "SCR")
            in_table = self._clubs is None or self._club() != ""
            if not letter and not (fresh and in_table and not _legs(text)):
                return None
            return self._make(None, None, team, letter, None, page)
        person = _PERSON.match(text)
        if not person or not person["team"]:
            return None
        club = re.sub(rf"\s+{TIME}.*", "", person["team"])
        return self._make(person["name"], person["year"], club, None, None, page)

    def _swim(self, text: str, place: int | None, page: int) -> Swim | None:
        found = _RESULT.match(text)
        if not found:
            return None
        who = found["who"]
        person = None if self._relay else _PERSON.match(who)
        if not self._relay and not person:
            return None
        numbers = [cell for cell in found["after"].split() if _NUMBER.fullmatch(cell)]
        points = numbers[-1] if numbers else None
        table_points = numbers[0] if len(numbers) > 1 else None
        outside = self._unranked or _OUT_OF_RANKING.match(found["after"].strip()) is not None
        time = plain_time(found["time"])
        told = _Told(time, "OK", points, table_points, outside)
        if person:
            return self._make(person["name"], person["year"], person["team"], None, place, page, told)
        team, letter = self._team(who)
        return self._make(None, None, team, letter, place, page, told)

    def _team(self, text: str) -> tuple[str, str | None]:
        """The club of a team and its number: `Club 1. Mannschaft`, or the number first and the club in its column."""
        if behind := _TEAM_BEHIND.match(text):
            return self._club() or behind["team"], behind["letter"]
        team = _TEAM.match(text)
        return (team["team"], team["letter"]) if team else (text, None)

    def _club(self) -> str:
        """What stands in the column of the clubs, up to the time."""
        start = self._clubs
        words = (word.text for word in self._line.words if start is not None and word.x0 > start - 3)
        return " ".join(takewhile(lambda text: not _IS_TIME.fullmatch(text), words))

    def _make(
        self,
        name: str | None,
        year: str | None,
        team: str | None,
        letter: str | None,
        place: int | None,
        page: int,
        told: _Told | None = None,
    ) -> Swim:
        time, status, points, table_points, outside = told or _Told(None, self._status)
        stage = _round_of(f"{self._title} {self._section}")
        return Swim(
            name=name or team or "",
            kind="relay" if self._relay else "individual",
            event_number=self._number,
            event=self._title,
            round=stage,
            place=place,
            time=time,
            status=status,
            points=points,
            fina_points=table_points,
            exhibition=outside,
            box=self._line.box,
            team=team,
            relay=letter,
            page=page,
            age=year[:4] if year else None,
            section=self._section,
        )


@lru_cache(maxsize=64)  # every row asks
def _is_relay(title: str) -> bool:
    return _RELAY.search(title) is not None


@lru_cache(maxsize=64)
def _round_of(where: str) -> str:
    """The round that a title and the heading of a ranking name."""
    return next((name for name, sign in _ROUNDS if sign.search(where)), "final")


def _splits(text: str) -> list[str]:
    """The splits of a line such as `50m: 00:35,09 100m: 01:16,76`; empty if it is another kind of line."""
    return [plain_time(found["time"]) for found in _SPLIT.finditer(text)]


def _legs(text: str) -> list[tuple[str, str]]:
    """The swimmers of a team, each with the year of birth."""
    return [(found["name"].strip(" -,."), found["year"][:4]) for found in _LEG.finditer(text)]
