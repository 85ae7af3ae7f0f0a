"""Draws the invented sheets that `tranche demo` and the README use: `python -m tests.extractions.draw_samples`."""

from __future__ import annotations

import random
from pathlib import Path

from tests.extractions.sheets import TWO_COLUMNS, Drawing

SAMPLES = Path(__file__).parents[2] / "app" / "extractions" / "samples"
FAMILY = "Lindqvist Okafor Tanaka Moreau Silva Novak Haddad Keane Ferrari Dlamini Larsen Rossi Petrov Mbeki".split()
GIVEN = "Maya Ada Yuki Chloe Ines Petra Leila Orla Giulia Thandi Freya Bianca Irina Naledi".split()
CLUBS = ["Lakeside Aquatic Club", "Northgate Swimming", "Kauri Coast", "Riverbend Swim Team"]
MEETS = {
    "2026-11-01 Lakeside Invitational": ["Women 100 Yard Freestyle", "Women 200 Yard IM", "Women 50 Yard Freestyle"],
    "2026-11-08 Harbour City Senior Open": ["Women 200 Yard Freestyle", "Women 100 Yard Butterfly"],
    "2026-11-15 Northgate Age Group Champs": ["Girls 13-14 100 Yard Backstroke", "Girls 13-14 50 Yard Freestyle"],
}


def _draw_meet(name: str, events: list[str], pages: int, dice: random.Random) -> Drawing:
    meet, day = name[11:], f"{name[5:7]}/{name[8:10]}/{name[:4]}"
    drawing = Drawing(title=(f"{meet} - {day}", "Results"))
    for number, event in enumerate(events * pages, 1):
        drawing.page().line(f"Event {number}  {event}").headers()
        swimmers = dice.sample([(family, given) for family in FAMILY for given in GIVEN], 24)
        if dice.random() < 0.7 and ("Lindqvist", "Maya") not in swimmers:
            swimmers[dice.randrange(8)] = ("Lindqvist", "Maya")
        seconds = dice.uniform(24, 28)
        for place, (family, given) in enumerate(swimmers, 1):
            seconds += dice.uniform(0.05, 0.6)
            final, seed = f"{seconds:.2f}", f"{seconds + dice.uniform(-0.8, 1.2):.2f}"
            club = CLUBS[(len(family) + len(given)) % len(CLUBS)]
            points = str(max(0, 21 - place)) if place <= 16 else ""
            drawing.row(str(place), f"{family}, {given}", "15", club, seed=seed, final=final, points=points)
    return drawing


def main() -> None:
    """Write every sample; the same bytes of content each time, as the dice are loaded."""
    SAMPLES.mkdir(exist_ok=True)
    dice = random.Random(7)
    for pages, (name, events) in enumerate(MEETS.items(), 1):
        _draw_meet(name, events, pages, dice).save(SAMPLES / f"{name}.pdf")
    dual = Drawing(TWO_COLUMNS, title=("Riverbend Dual Meet - 11/17/2026", "Results")).page()
    for x in (18.0, 310.0):
        dual.column(x).line(f"Event {1 if x < 100 else 2}  Women 50 Yard Freestyle").headers(seeds=False)
        for place, (family, given) in enumerate(zip(FAMILY[:6], GIVEN[:6], strict=True), 1):
            dual.row(str(place), f"{family}, {given}", "SO", "RIVER", final=f"{23 + place * 0.31:.2f}", points="2")
    dual.save(SAMPLES / "2026-11-17 Riverbend Dual Meet.pdf")
    (SAMPLES / "2026-11-18 Scanned page.pdf").write_bytes(_scanned_page())


def _scanned_page() -> bytes:
    """A page without text, as a scanner makes them: fails by itself with NO_TEXT_LAYER."""
    drawing = Drawing()
    drawing.pdf.add_page()
    drawing.pdf.rect(60, 60, 300, 400, style="F")
    return bytes(drawing.pdf.output())


if __name__ == "__main__":
    main()
