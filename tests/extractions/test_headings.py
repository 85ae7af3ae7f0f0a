"""Headings as Meet Manager prints them, in all the forms that were seen and some that follow from them."""

from __future__ import annotations

import pytest

from app.extractions.layouts.hytek.headings import read_continuation, read_event, read_section


@pytest.mark.parametrize(
    ("text", "number", "title", "course", "kinds"),
    [
        ("Event 12A Women 200 Yard Freestyle", "12A", "Women 200 Yard Freestyle", "SCY", ""),
        ("Women 25-29 200 Yard IM", None, "Women 25-29 200 Yard IM", "SCY", ""),
        ("Women 50 Yard Freestyle 35-39", None, "Women 50 Yard Freestyle 35-39", "SCY", ""),
        ("#5 Women 200 Yard Free", "5", "Women 200 Yard Free", "SCY", ""),
        ("Event 3 Girls 8 & Under 25 Yard Freestyle", "3", "Girls 8 & Under 25 Yard Freestyle", "SCY", ""),
        ("Event 8 Girls 6 & Under 12.5 Yard Kick", "8", "Girls 6 & Under 12.5 Yard Kick", "SCY", ""),
        ("Event 3 Boys 11 Year Olds 50 Yard Fly", "3", "Boys 11 Year Olds 50 Yard Fly", "SCY", ""),
        ("Event 6 Women 13-14 & 15-18 100 Yard Back", "6", "Women 13-14 & 15-18 100 Yard Back", "SCY", ""),
        ("Event 5 Mixed 400 Yard Free Relay 160-199", "5", "Mixed 400 Yard Free Relay 160-199", "SCY", "relay"),
        ("Event 14 Men 100 LC Meter Free Multi-Class S6", "14", "Men 100 LC Meter Free Multi-Class S6", "LCM", ""),
        ("Event 402 Men 12 & U 50 LCM Free", "402", "Men 12 & U 50 LCM Free", "LCM", ""),
        ("Event 7 Women's 100 Meter Freestyle", "7", "Women's 100 Meter Freestyle", None, ""),
        ("EVENT 1 WOMEN 50 YARD FREESTYLE", "1", "WOMEN 50 YARD FREESTYLE", "SCY", ""),
        ("Event 2 Women 1 mtr Diving", "2", "Women 1 mtr Diving", None, "diving"),
        ("Event 3 Men Platform Diving", "3", "Men Platform Diving", None, "diving"),
        ("Event 123 Women 500 Yard Free Swim-off", "123", "Women 500 Yard Free Swim-off", "SCY", "swim_off"),
        ("Event 110 Men 400 Yard IM Time Trial", "110", "Men 400 Yard IM Time Trial", "SCY", "time_trial"),
        ("Evento 7 Mixto 160-199 200 CL Metro Relevo Combinado", "7", None, "LCM", "relay"),
        ("Evento 2 Hombres 40-44 50 CP Metro Espalda", "2", None, "SCM", ""),
        ("Evento 11 Mixto 200 CL Metro Combinado 120 a 159 años Relevo", "11", None, "LCM", "relay"),
        ("Evento 17 Mixed 72-99 4x50 SC Metros Combinado Relay", "17", None, "SCM", "relay"),
        ("Evento 3 Mujeres 11-12 200 CC Metros Comb. Ind.", "3", None, "SCM", ""),
        ("EVENTO 1 DAMAS 50 CL METRO LIBRE", "1", None, "LCM", ""),
        ("Prova 4 Feminino 4x50 PC Metros Revezamento Livre", "4", None, "SCM", "relay"),
        ("Épreuve 4 Dames 15-17 200 GB Mètre Dos", "4", None, "LCM", ""),
        ("Wettkampf 3 Frauen 4x100 LB Meter Freistilstaffel", "3", None, "LCM", "relay"),
        ("Gara 9 Donne 100 VC Metri Dorso", "9", None, "SCM", ""),
    ],
)
def test_an_event(text: str, number: str | None, title: str | None, course: str | None, kinds: str) -> None:
    event = read_event(text)
    assert event is not None
    assert (event.number, event.course) == (number, course)
    assert title is None or event.title == title
    flags = ("relay", "diving", "swim_off", "time_trial")
    assert " ".join(flag for flag in flags if getattr(event, flag)) == kinds


@pytest.mark.parametrize(
    ("text", "round", "name"),
    [
        *((text, "prelim", text) for text in ("Preliminaries", "Prelims", "Preliminares", "Eliminatórias", "Vorläufe")),
        *((text, "semifinal", text) for text in ("Semifinals", "Semi-Finals", "Semifinales", "Halbfinale")),
        *((text, "final", text) for text in ("A - Final", "A Final", "Final A", "Finale B", "Timed Finals", "Finales")),
        *((text, "final", text) for text in ("Championship Final", "Consolation Final", "Bonus", "Finales por tiempo")),
        ("- Time Trial", "time_trial", "Time Trial"),
        ("- Swim-off", "swim_off", "Swim-off"),
        ("Preliminaries ...", "prelim", "Preliminaries"),
    ],
)
def test_a_section(text: str, round: str, name: str) -> None:
    section = read_section(text)
    assert section is not None
    assert (section.round, section.name) == (round, name)


@pytest.mark.parametrize(
    ("text", "section", "number"),
    [
        ("(Event 5 Mixed 200-239 200 LC Meter Medley Relay)", None, "5"),
        ("B - Final ... (Event 3 Women 200 Yard IM)", "final", "3"),
        ("A - Final ... (Event 1 Women 400 Yard IM (Timed Finals))", "final", "1"),
        ("Preliminares ... (Evento 23 Damas 400 CL Metro Libre)", "prelim", "23"),
        ("- Time Trial ... (Event 103 Women 200 Yard IM Time Trial)", "time_trial", "103"),
        ("(Women 25-29 200 Yard IM)", None, None),
    ],
)
def test_an_event_that_goes_on(text: str, section: str | None, number: str | None) -> None:
    found = read_continuation(text)
    assert found is not None
    assert (found[0].round if found[0] else None, found[1].number) == (section, number)


@pytest.mark.parametrize("text", ["Heat 1", "Final standings of the day", "women 200 Yard dash", "Event", "Finally, A"])
def test_other_lines_are_no_headings(text: str) -> None:
    assert read_event(text) is None
    assert read_section(text) is None
