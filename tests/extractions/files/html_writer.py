"""Writes a meet as web pages: Meet Manager's report in `<pre>`, and the same in tables."""

from __future__ import annotations

import random
from dataclasses import replace
from html import escape

from app.extractions.swims import Swim
from tests.extractions.files.meets import Entry, Event, Meet, Outcome, Person, clock, points_text
from tests.extractions.files.truth import ADULTS, CHILDREN, hytek_title, swims_of

NOISE = (
    "<script>document.write('<pre>  1 Ghost, Ada  12 Nowhere  59.99</pre>')</script>",
    "<style>td:before { content: '1 Ghost, Bo 12 Nowhere 58.88' }</style>",
    "<!-- <tr><td>1</td><td>Ghost, Cy</td><td>12</td><td>Nowhere</td><td>57.77</td></tr> -->",
    '<div style="display: none">  1 Ghost, Di  12 Nowhere  56.66</div>',
    "<p hidden>  1 Ghost, Ed  12 Nowhere  55.55</p>",
    '<input value="1 Ghost, Flo 12 Nowhere 54.44"><select><option>1 Ghost, Gil 12 Nowhere 53.33</select>',
)


def truth_of(meet: Meet) -> list[Swim]:
    """What a printed report says: ages instead of dates of birth, and no time beside a disqualification."""
    swims = []
    for entry in meet.entries:
        for outcome, own in swims_of(meet, entry, title_of(meet, entry.event)):
            for swim in own:
                note, exhibition = outcome.reason or None, _is_exhibition(outcome)
                seed = swim.seed_or_prelim or "NT"
                swims.append(replace(swim, birth_date=None, note=note, exhibition=exhibition, seed_or_prelim=seed))
    return swims


def title_of(meet: Meet, event: Event) -> str:
    """The title of an event."""
    return hytek_title(meet, event, CHILDREN if event.ages[1] < 19 else ADULTS)


def write_pre(meet: Meet, *, one_page_each: bool = False) -> list[bytes]:
    """Pages with a report in fixed columns: one, or one for each event, as Meet Manager publishes them."""
    groups = [[event] for event in meet.events] if one_page_each else [meet.events]
    pages = []
    for events in groups:
        lines = [*_head(meet), *(line for event in events for line in _event(meet, event))]
        noise = random.Random(len(meet.entries)).sample(NOISE, 3)
        text = escape("\n".join(lines), quote=False).replace("Event", "<b>Event</b>", 1)
        start = f"<html><head><title>Results</title></head><body bgcolor=#FFFFCC>{''.join(noise)}<p>"
        page = f"{start}\n<pre>\n{text}\n</pre></body></html>"
        pages.append(page.encode("cp1252"))
    return pages


def _head(meet: Meet) -> list[str]:
    first, last = (f"{day.month}/{day.day}/{day.year}" for day in meet.days)
    days = first if first == last else f"{first} to {last}"
    return [
        " Licensed To: Lakeside Aquatics              HY-TEK's Meet Manager 2/22/2026 9:13 PM",
        f"{meet.name} - {days}".center(86),
        "Results".center(86),
        "",
    ]


def _event(meet: Meet, event: Event) -> list[str]:
    entries = [entry for entry in meet.entries if entry.event == event and entry.outcomes]
    if not entries:
        return []
    rule = "=" * 88
    head = "    Team                        Relay" if event.relay else "    Name                            Age Team"
    lines = [f"Event {event.number}  {title_of(meet, event)}", rule]
    lines += [f"{head:<60}{'Seed':>9}{'Finals':>11}{'Points':>8}", rule]
    for entry in sorted(entries, key=lambda entry: entry.outcomes[0].place or 99):
        outcome = entry.outcomes[0]
        place = str(outcome.place) if outcome.place else "--"
        if entry.person:
            who = f"{place:>3} {_name(entry.person):<31}{entry.person.age:>4} {entry.team.name}"
        else:
            who = f"{place:>3} {entry.team.name:<28}'{entry.letter}'"
        seed = clock(entry.seed) if entry.seed else "NT"
        lines.append(f"{who:<60}{seed:>9}{_final(outcome):>11}{points_text(entry.points) or '':>8}".rstrip())
        if outcome.reason:
            lines.append(f"     {outcome.reason}")
        for first, second in zip(outcome.legs[::2], outcome.legs[1::2], strict=True):
            number = outcome.legs.index(first) + 1
            left = f"     {number}) {_name(first)} {first.age}"
            lines.append(f"{left:<44}{number + 1}) {_name(second)} {second.age}")
        for start in range(0, len(outcome.splits), 6):
            splits = "".join(f"{clock(split):>12}" for split in outcome.splits[start : start + 6])
            lines.append(f"    {splits}")
    return [*lines, ""]


def write_tables(meet: Meet) -> list[bytes]:
    """One page on which every event is a table."""
    parts = ["<!DOCTYPE html><html><head><meta charset=utf-8><title>Results</title></head><body>"]
    parts += [f"<p>{escape(line.strip())}" for line in _head(meet)[:3]]
    for event in meet.events:
        entries = [entry for entry in meet.entries if entry.event == event and entry.outcomes]
        if not entries:
            continue
        parts.append(f"<h3>Event {event.number}&nbsp; {escape(title_of(meet, event))}</h3><table border=1>")
        heads = ("", "Team", "Relay") if event.relay else ("", "Name", "Age", "Team")
        parts.append(_row([*heads, "Seed Time", "Finals Time", "Points"], "th"))
        for entry in sorted(entries, key=lambda entry: entry.outcomes[0].place or 99):
            parts += _table_rows(entry, len(heads))
        parts.append("</table>")
    return ["".join([*parts, NOISE[3], "</body></html>"]).encode()]


def _table_rows(entry: Entry, width: int) -> list[str]:
    outcome = entry.outcomes[0]
    place = str(outcome.place) if outcome.place else "---"
    who = (
        [_name(entry.person), str(entry.person.age), entry.team.name]
        if entry.person
        else [entry.team.name, entry.letter]
    )
    seed = clock(entry.seed) if entry.seed else "NT"
    rows = [_row([place, *who, seed, _final(outcome), points_text(entry.points) or ""])]
    under = []
    if outcome.reason:
        under.append(outcome.reason)
    if outcome.legs:
        under.append(" ".join(f"{number}) {_name(leg)} {leg.age}" for number, leg in enumerate(outcome.legs, 1)))
    for start in range(0, len(outcome.splits), 6):
        under.append(" ".join(clock(split) for split in outcome.splits[start : start + 6]))
    rows += [f"<tr><td></td><td colspan={width + 2}>{escape(line, quote=False)}" for line in under]
    return rows


def _row(cells: list[str], tag: str = "td") -> str:
    shown = [f"<{tag}{' align=right' if cell[:1].isdigit() else ''}>{escape(cell)}</{tag}>" for cell in cells]
    return f"<tr>{''.join(shown)}</tr>\n"


def _final(outcome: Outcome) -> str:
    if outcome.state != "OK":
        return outcome.state
    return f"{'X' if outcome.exhibition else ''}{clock(outcome.time)}"


def _is_exhibition(outcome: Outcome) -> bool:
    return outcome.exhibition and outcome.state == "OK"


def _name(person: Person) -> str:
    return f"{person.family}, {person.given}{' ' + person.middle if person.middle else ''}"
