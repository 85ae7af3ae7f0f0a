"""Writes a meet as LENEX."""

from __future__ import annotations

import io
import zipfile
from dataclasses import replace
from xml.sax.saxutils import quoteattr

from app.extractions.swims import Swim
from tests.extractions.files.meets import Entry, Event, Meet, Outcome, Person
from tests.extractions.files.truth import lenex_title, swims_of

STATES = {"OK": "", "DQ": "DSQ", "NS": "DNS", "SCR": "WDR", "DNF": "DNF"}
STROKES = ("FREE", "BACK", "BREAST", "FLY", "MEDLEY")
ROUNDS = {"prelim": "PRE", "final": "FIN"}


class Writer:
    """A file under way."""

    def __init__(self, meet: Meet) -> None:
        self.meet = meet
        self.parts: list[str] = []
        self.results: dict[int, str] = {}
        for entry in meet.entries:
            for outcome in entry.outcomes:
                self.results[id(outcome)] = str(1000 + len(self.results))

    def tag(self, element: str, /, *, close: bool = False, **values: object) -> None:
        """A tag with those attributes that have a value."""
        shown = "".join(f" {key}={quoteattr(str(value))}" for key, value in values.items() if value not in ("", None))
        self.parts.append(f"<{element}{shown}{'/' if close else ''}>")

    def end(self, *names: str) -> None:
        """The ends of elements."""
        self.parts += [f"</{name}>" for name in names]

    def write(self) -> bytes:
        """The file."""
        meet = self.meet
        self.parts.append('<?xml version="1.0" encoding="UTF-8"?>')
        self.tag("LENEX", version="3.0")
        self.tag("CONSTRUCTOR", close=True, name="Pool Programme", version="1")
        self.tag("MEETS")
        self.tag("MEET", name=meet.name, city="Neustadt", course=meet.course)
        self.tag("SESSIONS")
        for number, day in enumerate(dict.fromkeys(meet.days), 1):
            self.tag("SESSION", number=number, date=day)
            self.tag("EVENTS")
            if number == 1:
                for event in meet.events:
                    for round_ in ("prelim", "final") if event.prelims else ("final",):
                        self._event(event, round_)
            self.end("EVENTS", "SESSION")
        self.end("SESSIONS")
        self.tag("CLUBS")
        for team in meet.teams:
            self.tag("CLUB", name=team.name, code=team.code, type="CLUB")
            self.tag("ATHLETES")
            for person in meet.people:
                if person.team == team:
                    self._person(person)
            self.end("ATHLETES")
            self.tag("RELAYS")
            for entry in meet.entries:
                if entry.team == team and not entry.person:
                    self.tag("RELAY", number=entry.letter, gender=entry.event.sex, agemin=-1, agemax=-1)
                    self._results([entry])
                    self.end("RELAY")
            self.end("RELAYS", "CLUB")
        self.end("CLUBS", "MEET", "MEETS", "LENEX")
        return "\n".join(self.parts).encode()

    def _event(self, event: Event, round_: str) -> None:
        code = ROUNDS[round_] if event.prelims else "TIM"
        self.tag("EVENT", eventid=_id(event, round_), number=event.number, gender=event.sex, round=code)
        count = 4 if event.relay else 1
        self.tag(
            "SWIMSTYLE", close=True, distance=event.distance // count, relaycount=count, stroke=STROKES[event.stroke]
        )
        self.tag("AGEGROUPS")
        low, high = event.ages
        self.tag("AGEGROUP", agegroupid=1, agemin=low or -1, agemax=high if high < 99 else -1, name=group_of(event))
        self.tag("RANKINGS")
        for entry in self.meet.entries:
            for outcome in entry.outcomes:
                if entry.event == event and outcome.round == round_:
                    self.tag("RANKING", close=True, place=outcome.place or -1, resultid=self.results[id(outcome)])
        self.end("RANKINGS", "AGEGROUP", "AGEGROUPS", "EVENT")

    def _person(self, person: Person) -> None:
        family = person.family
        prefix = "van der" if family.startswith("van der ") else ""
        given = " ".join(filter(None, (person.given, person.middle)))
        self.tag(
            "ATHLETE",
            athleteid=person.number,
            lastname=family.removeprefix("van der "),
            nameprefix=prefix,
            firstname=given,
            gender=person.sex,
            birthdate=person.born,
        )
        self._results([entry for entry in self.meet.entries if entry.person == person])
        self.end("ATHLETE")

    def _results(self, entries: list[Entry]) -> None:
        self.tag("ENTRIES")
        for entry in entries:
            round_ = "prelim" if entry.event.prelims else "final"
            self.tag("ENTRY", close=True, eventid=_id(entry.event, round_), entrytime=_time(entry.seed))
        self.end("ENTRIES")
        self.tag("RESULTS")
        for entry in entries:
            for outcome in entry.outcomes:
                self._result(entry, outcome)
        self.end("RESULTS")

    def _result(self, entry: Entry, outcome: Outcome) -> None:
        exhibition = outcome.exhibition and outcome.state == "OK"
        self.tag(
            "RESULT",
            resultid=self.results[id(outcome)],
            eventid=_id(entry.event, outcome.round),
            swimtime=_time(outcome.time),
            status="EXH" if exhibition else STATES[outcome.state],
            points=f"{entry.points:g}" if entry.points and outcome.round == "final" else "",
            comment=outcome.reason,
        )
        if outcome.splits:
            self.tag("SPLITS")
            for number, split in enumerate(outcome.splits, 1):
                self.tag("SPLIT", close=True, distance=number * 50, swimtime=_time(split))
            self.end("SPLITS")
        if outcome.legs:
            self.tag("RELAYPOSITIONS")
            for number, leg in enumerate(outcome.legs, 1):
                self.tag("RELAYPOSITION", close=True, athleteid=leg.number, number=number)
            self.tag("RELAYPOSITION", close=True, athleteid=outcome.legs[0].number, number=-1)
            self.end("RELAYPOSITIONS")
        self.end("RESULT")


def group_of(event: Event) -> str:
    """The name of an event's age group, of which some have none."""
    return "Open" if event.ages == (0, 109) else ""


def write(meet: Meet) -> tuple[bytes, list[Swim]]:
    """The file, and the swims that are in it."""
    truth = []
    for entry in meet.entries:
        for outcome, swims in swims_of(meet, entry, lenex_title(meet, entry.event)):
            truth += [_as_lenex(entry, outcome, swim) for swim in swims]
    return Writer(meet).write(), truth


def zipped(data: bytes, name: str = "meet.lef") -> bytes:
    """A `.lxf`."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, data)
    return content.getvalue()


def _as_lenex(entry: Entry, outcome: Outcome, swim: Swim) -> Swim:
    """Ages are years of birth, age groups are sections, and only what counts can be an exhibition swim."""
    low, high = entry.event.ages
    group = {(0, 109): "Open", (0, 8): "8 & Under", (13, 13): "13 Year Olds", (15, 109): "15 & Over"}
    seed: str | None = swim.seed_or_prelim or "NT"
    if entry.event.prelims and outcome.round == "final":
        seed = None  # an entry is for one round, and no time is said for the next one
    return replace(
        swim,
        age=swim.birth_date[:4] if swim.birth_date else None,
        section=group.get(entry.event.ages, f"{low}-{high}"),
        exhibition=outcome.exhibition and outcome.state == "OK",
        seed_or_prelim=seed,
    )


def _id(event: Event, round_: str) -> str:
    return f"{event.number}{'1' if round_ == 'prelim' else '2'}"


def _time(hundredths: int) -> str:
    if not hundredths:
        return "NT"
    hours, rest = divmod(hundredths, 360000)
    minutes, rest = divmod(rest, 6000)
    return f"{hours:02}:{minutes:02}:{rest // 100:02}.{rest % 100:02}"
