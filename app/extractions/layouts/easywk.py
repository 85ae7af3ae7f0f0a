"""The protocols of the German programme EasyWk: events are `Wettkampf`, times `01:16,76`, ages years of birth."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace

from app.extractions.layouts.cells import plain_time
from app.extractions.layouts.relays import Leg, swims_of_team
from app.extractions.pdf.page import Line, PageLines, Pages
from app.extractions.swims import Sheet, Swim, without_repeats

_LAYOUT = "easywk"
_EVENT = re.compile(
    r"(?P<more>noch\s+)?(?:Wettkampf|WK)\s+(?P<number>\d+[A-Za-z]?)\s*[-–:]\s*(?P<title>\S.*)", re.IGNORECASE
)
_TIME = r"(?:\d{1,2}:){0,2}\d{2},\d{2}"
_YEAR = r"(?:19|20)\d\d(?:\s?/\s?(?:AK\s?)?\d{1,3})?"
_SPLIT = re.compile(rf"(?:\d{{2,4}}\s?m:?\s*)(?P<time>{_TIME})(?:\s*\(?(?:{_TIME})?\)?)")
_RANK = re.compile(r"(?P<place>\d{1,3})\.(?!\s*Mannschaft\b)(?:\s+(?P<rest>.*))?$")
_PLAIN_RANK = re.compile(r"(?P<place>\d{1,3})\s+(?P<rest>[^\W\d_].*)")
_RESULT = re.compile(rf"(?P<who>.*?\S)\s+(?P<time>{_TIME})(?P<after>(?:\s.*)?)$")
_PERSON = re.compile(rf"(?P<name>[^\d]*[^\d\s])\s+(?P<year>{_YEAR}|\d\d)(?:\s+(?P<team>\S.*))?$")
_TEAM = re.compile(r"(?P<team>.*\S)\s+(?P<letter>\d{1,2})\.\s*Mannschaft(?:\s.*)?$")
_LEG = re.compile(rf"(?P<name>[^\W\d][^\d():/,;]*(?:,\s*[^\W\d][^\d():/,;]*)?)[\s(/,]+(?P<year>{_YEAR})\b\)?")
_STATES = {
    "disqualifiziert": "DQ",
    "disqualifikationen": "DQ",
    "nicht am start": "NS",
    "nicht angetreten": "NS",
    "abgemeldet": "SCR",
    "aufgegeben": "DNF",
}
_SECTION = re.compile(
    r"(?:Jahrg[aä]nge?\b|Jg\.|Altersklasse\b|AK\s?\d|Jugend\b|Junior|Senior|Masters\b|Offen(?:e\s+(?:Wertung|Klasse))?\b"
    r"|Wertung\b|Damen\b|Herren\b|Frauen\b|Männer\b).*|.*\bWertung",
    re.IGNORECASE,
)
_UNRANKED = re.compile(r"(?:au(?:ß|ss)er (?:Konkurrenz|Wertung)|a\. ?[KW]\.)", re.IGNORECASE)
_OUT_OF_RANKING = re.compile(r"(?:a\. ?[KW]\.|AK)(?:\s+(?P<rest>[^\W\d_].*)|$)")  # in place of the place, or last
_ANNOUNCED = re.compile(r"Uhrzeit der Bekanntgabe\b", re.IGNORECASE)
_ROUNDS = (
    ("prelim", re.compile(r"\bVorl[aä]uf", re.IGNORECASE)),
    ("semifinal", re.compile(r"\bZwischenl[aä]uf|\bHalbfinal", re.IGNORECASE)),
    ("swim_off", re.compile(r"\bAusschwimmen", re.IGNORECASE)),
)
_FOOT = re.compile(r"\bSeite\s+\d+|erzeugt mit|\bEasyWk\b", re.IGNORECASE)
_TABLE_HEADER = re.compile(r"\b(?:Platz|Pl\.|Rang)(?:\s|$).*\b(?:Jg\.?|Jahrgang|Verein|Endzeit|Zeit|Ergebnis)")
_PART = re.compile(r"(?:Abschnitt\s+\d+|\d+\.\s*Abschnitt)\b.*")
_STANDINGS = re.compile(
    r"Medaillenspiegel|Mehrkampf|Punktwertung|Mannschaftswertung|Vereinswertung|Pokalwertung|Gesamtwertung|Kampfgericht"
    r"|Bestenliste|Rekorde\b",
    re.IGNORECASE,
)
_DATE = re.compile(r"\d{1,2}\.\s?\d{1,2}\.\s?\d{4}")
_POOL = re.compile(r"\b(25|50)[\s-]?m(?:eter)?[\s-]*Bahn|Bahnl[äa]nge:?\s*(25|50)\s?m|\b(Kurz|Lang)bahn", re.IGNORECASE)
_NUMBER = re.compile(r"\d{1,4}")


def recognise(pages: Pages) -> float:
    """Sure when it has EasyWk's headings of events and German times or lists of those who did not start."""
    texts = [line.text for page in pages.lines() for line in page.lines]
    events = any(_EVENT.match(text) for text in texts)
    results = any(re.search(_TIME, text) or text.casefold().rstrip(":") in _STATES for text in texts)
    return 0.85 if events and results else 0.0


def read(pages: Pages) -> Sheet:
    """The sheet. A swim that counts in two rankings is two rows, as printed, each with its ranking as `section`."""
    lines = pages.lines()
    reader = _Reader(_titles(lines))
    for page in lines:
        for line in page.lines:
            reader.take(line, page.number)
    reader.finish()
    texts = [line.text for page in lines for line in page.lines]
    swims = without_repeats(reader.swims, by_section=True)
    reason = None if swims else "This protocol has events but no results of swimmers."
    return Sheet(_meet(lines), _dates(texts), _course(texts), _LAYOUT, len(pages), swims, reason, lines=lines)


@dataclass(slots=True)
class _Row:
    """A swimmer or a team with the lines that belong to it, until the next one."""

    swim: Swim
    legs: list[tuple[str, str]] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)
    announced: bool = False


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

    def take(self, line: Line, page: int) -> None:
        """One line, in reading order."""
        text = line.text
        self._line = line
        if event := _EVENT.fullmatch(text):
            line.meaning = "heading"
            self._start(event)
        elif text in self._titles or _FOOT.search(text) or _PART.fullmatch(text) or _TABLE_HEADER.search(text):
            return
        elif _STANDINGS.search(text) and not re.search(_TIME, text):
            self.finish()
            self._number = None
        elif self._number is not None:
            self._take_inside(text, page)

    def finish(self) -> None:
        """Turns the row under way into swims."""
        row, self._row = self._row, None
        if row is None:
            return
        note = " ".join(row.reasons) or row.swim.note
        swim = replace(row.swim, note=note)
        self.swims += swims_of_team(swim, [Leg(number, *leg) for number, leg in enumerate(row.legs, 1)])

    def _start(self, event: re.Match[str]) -> None:
        number, title = event["number"], event["title"].strip()
        if event["more"] and number == self._number:
            return
        self.finish()
        self._number, self._title, self._section = number, title, None
        self._status, self._unranked, self._rank = "OK", False, None

    @property
    def _relay(self) -> bool:
        return bool(re.search(r"\d\s*x\s*\d|staffel", self._title, re.IGNORECASE))

    def _take_inside(self, text: str, page: int) -> None:
        state = _STATES.get(text.casefold().strip(" :"))
        if state or _UNRANKED.fullmatch(text.strip(" :")):
            self.finish()
            self._status, self._unranked, self._rank = state or "OK", state is None, None
        elif _SECTION.fullmatch(text) and not re.search(_TIME, text):
            self._take_section(text)
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
            self._row.legs += legs
        elif not re.search(_TIME, text) and not _NUMBER.fullmatch(text):
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
        self._row.swim.splits.extend(splits)
        if self._row.swim.kind == "relay":
            self._row.legs += _legs(_SPLIT.sub(" ", text))

    def _take_in_block(self, text: str, page: int) -> None:
        """A line under `disqualifiziert`, `nicht am Start` or `abgemeldet`: who, why, or when it was announced."""
        row = self._row
        if _ANNOUNCED.match(text):
            if row:
                row.announced = True
        elif swim := self._absent(text, page):
            self._begin(swim)
        elif row and row.swim.kind == "relay" and (legs := _legs(text)):
            row.legs += legs
        elif row and self._status in ("DQ", "DNF") and not row.announced:
            row.reasons.append(text)
        elif not row or row.announced or self._status in ("NS", "SCR"):
            self._take_section(text)

    def _take_section(self, text: str) -> None:
        """The ranking that starts here: `Jahrgang 2010`, `Offene Wertung`, or a name the host gave it."""
        self.finish()
        self._section, self._status, self._unranked, self._rank = text, "OK", False, None

    def _begin(self, swim: Swim) -> None:
        self.finish()
        self._line.meaning = "row"
        self._rank, self._row = None, _Row(replace(swim, box=self._line.box))

    def _absent(self, text: str, page: int) -> Swim | None:
        if self._relay:
            team = _TEAM.match(text)
            fresh = self._row is None or self._row.announced or self._status in ("NS", "SCR")
            if not team and (not fresh or _legs(text)):
                return None
            return self._make(None, None, team["team"] if team else text, team["letter"] if team else None, None, page)
        person = _PERSON.match(text)
        if not person or not person["team"]:
            return None
        club = re.sub(rf"\s+{_TIME}.*", "", person["team"])
        return self._make(person["name"], person["year"], club, None, None, page)

    def _swim(self, text: str, place: int | None, page: int) -> Swim | None:
        found = _RESULT.match(text)
        if not found:
            return None
        result = plain_time(found["time"])
        who = found["who"]
        if self._relay:
            team = _TEAM.match(who)
            swim = self._make(None, None, team["team"] if team else who, team["letter"] if team else None, place, page)
        else:
            person = _PERSON.match(who)
            if not person:
                return None
            swim = self._make(person["name"], person["year"], person["team"], None, place, page)
        numbers = [cell for cell in found["after"].split() if _NUMBER.fullmatch(cell)]
        points = numbers[-1] if numbers else None
        outside = self._unranked or _OUT_OF_RANKING.match(found["after"].strip()) is not None
        return replace(swim, time=result, status="OK", points=points, exhibition=outside)

    def _make(
        self, name: str | None, year: str | None, team: str | None, letter: str | None, place: int | None, page: int
    ) -> Swim:
        where = f"{self._title} {self._section}"
        stage = next((name for name, sign in _ROUNDS if sign.search(where)), "final")
        return Swim(
            name=name or team or "",
            kind="relay" if self._relay else "individual",
            event_number=self._number,
            event=self._title,
            round=stage,
            place=place,
            status=self._status,
            team=team,
            relay=letter,
            page=page,
            age=year[:4] if year else None,
            section=self._section,
        )


def _splits(text: str) -> list[str]:
    """The splits of a line such as `50m: 00:35,09 100m: 01:16,76`; empty if it is another kind of line."""
    return [plain_time(found["time"]) for found in _SPLIT.finditer(text)]


def _legs(text: str) -> list[tuple[str, str]]:
    """The swimmers of a team, each with the year of birth."""
    return [(found["name"].strip(" -,."), found["year"][:4]) for found in _LEG.finditer(text)]


def _titles(pages: list[PageLines]) -> frozenset[str]:
    """The lines at the top of the first page; the ones of them that every page repeats are no rankings."""
    texts: list[str] = []
    for line in pages[0].lines[:4]:
        if _EVENT.match(line.text) or _PART.match(line.text):
            break
        texts.append(line.text)
    return frozenset(texts)


def _meet(pages: list[PageLines]) -> str | None:
    """The name of the meet stands at the top of every page."""
    for line in pages[0].lines[:6]:
        text = line.text
        if not (_EVENT.match(text) or _PART.match(text) or _FOOT.search(text) or text.casefold() == "protokoll"):
            return re.sub(r"\s*[-–,]?\s*(?:Protokoll|Ergebnisse)\s*$", "", text) or None
    return None


def _dates(texts: list[str]) -> str | None:
    """The first and the last day, from the headings of the parts; without those the first date of the sheet."""
    parts = [date for text in texts if _PART.match(text) for date in _DATE.findall(text)]
    dates = parts or [date for text in texts for date in _DATE.findall(text)][:1]
    if not dates:
        return None
    return dates[0] if dates[0] == dates[-1] else f"{dates[0]} - {dates[-1]}"


def _course(texts: list[str]) -> str | None:
    for text in texts:
        if found := _POOL.search(text):
            return "SCM" if "25" in found.groups() or (found[3] or "").casefold() == "kurz" else "LCM"
    return None
