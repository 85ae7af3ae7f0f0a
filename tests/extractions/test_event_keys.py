"""Titles of events in many languages as one key, and days of meets as printed."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.extractions.batch_swims.days import read_days
from app.extractions.batch_swims.event_keys import read_event
from app.extractions.batch_swims.times import seconds_of


@pytest.mark.parametrize(
    ("title", "course", "key", "sex"),
    [
        ("Women 200 Yard Freestyle", "SCY", "200 FR SCY", "F"),
        ("Women 30-34 200 LC Meter IM", None, "200 IM LCM", "F"),
        ("Men 8 & Under 25 Yard Free", None, "25 FR SCY", "M"),
        ("Women 18-29 25yd Butterfly", None, "25 FL SCY", "F"),
        ("Women's 4x100m Freestyle", "LCM", "4x100 FR LCM", "F"),
        ("Men 400 Yard Medley Relay", "SCY", "4x100 MED SCY", "M"),
        ("Women, 50m Freestyle", "LCM", "50 FR LCM", "F"),
        ("Women, 50m Freestyle", None, None, "F"),
        ("Women, 50m Freestyle", "SCY", None, "F"),
        ("Frauen, 50m Freistil", "SCM", "50 FR SCM", "F"),
        ("4x50m Lagen mixed", "SCM", "4x50 MED SCM", "X"),
        ("100m Rücken männlich", "SCM", "100 BK SCM", "M"),
        ("100m Schmetterling weiblich", "SCM", "100 FL SCM", "F"),
        ("Мальчики, 50m Вольный стиль", "SCM", "50 FR SCM", "M"),
        ("Девочки, 200 м на спине", "SCM", "200 BK SCM", "F"),
        ("Женщины, 100m Баттерфляй", "LCM", "100 FL LCM", "F"),
        ("Юноши, 100m Комплекс", "SCM", "100 IM SCM", "M"),
        ("Damas 30-34 400 CL Metro Libre", None, "400 FR LCM", "F"),
        ("Evento 2 Hombres 40-44 50 CP Metro Espalda", None, "50 BK SCM", "M"),
        ("Evento 11 Mixto 200 CL Metro Combinado 120 a 159 años Relevo", None, "4x50 MED LCM", "X"),
        ("Mixed 72-99 4x50 SC Metros Combinado Relay", None, "4x50 MED SCM", "X"),
        ("Masc., 50m Mariposa", "LCM", "50 FL LCM", "M"),
        ("Feminino, 100m Bruços", "LCM", "100 BR LCM", "F"),
        ("Masculino, 200m Costas", "LCM", "200 BK LCM", "M"),
        ("Messieurs, 100 m dos", "LCM", "100 BK LCM", "M"),
        ("Dames, 200 m 4 nages", "LCM", "200 IM LCM", "F"),
        ("Femmine, 200m Misti", "SCM", "200 IM SCM", "F"),
        ("Maschi, 100m Delfino", "SCM", "100 FL SCM", "M"),
        ("Kobiety, 100m Grzbietowy", "SCM", "100 BK SCM", "F"),
        ("Kadınlar, 100m Sırtüstü", "SCM", "100 BK SCM", "F"),
        ("Erkekler, 200m Kurbağalama", "LCM", "200 BR LCM", "M"),
        ("Men 1 mtr Diving", "LCM", None, "M"),
        ("Open 100m Surface", "LCM", None, None),
        ("", None, None, None),
    ],
)
def test_titles(title: str, course: str | None, key: str | None, sex: str | None) -> None:
    event = read_event(title, course)
    assert (event.key, event.sex) == (key, sex)


@pytest.mark.parametrize(
    ("printed", "first", "last"),
    [
        ("10/19/2018 to 10/20/2018", date(2018, 10, 19), date(2018, 10, 20)),
        ("18 June - 3 July 2022", date(2022, 6, 18), date(2022, 7, 3)),
        ("28 December - 3 January 2026", date(2025, 12, 28), date(2026, 1, 3)),
        ("Aug 1, 2026", date(2026, 8, 1), date(2026, 8, 1)),
        ("Dec 5-7, 2024", date(2024, 12, 5), date(2024, 12, 7)),
        ("02.07.2025", date(2025, 7, 2), date(2025, 7, 2)),
        ("5.-6.7.2025", date(2025, 7, 5), date(2025, 7, 6)),
        ("vom 30.11.2019 bis 1.12.2019", date(2019, 11, 30), date(2019, 12, 1)),
        ("5 - 7 июля 2025", date(2025, 7, 5), date(2025, 7, 7)),
        ("30 de junio de 2024", date(2024, 6, 30), date(2024, 6, 30)),
        ("12-Feb-22 to 14-Feb-22", date(2022, 2, 12), date(2022, 2, 14)),
        ("2025-07-05", date(2025, 7, 5), date(2025, 7, 5)),
        ("28-03-2026", date(2026, 3, 28), date(2026, 3, 28)),
        ("1/9/2026 to 1/11/2026", date(2026, 1, 9), date(2026, 1, 11)),
        ("3/3/2026", date(2026, 3, 3), date(2026, 3, 3)),
        ("3/4/2026", None, None),
        ("31.6.2025", None, None),
        ("September 2021", None, None),
        (None, None, None),
    ],
)
def test_days(printed: str | None, first: date | None, last: date | None) -> None:
    assert read_days(printed) == (first, last)


def test_yards_are_swum_where_the_month_comes_first() -> None:
    assert read_days("3/4/2026", "SCY").first == date(2026, 3, 4)


@given(st.text(max_size=60) | st.from_regex(r"\d{1,2}[./-]\d{1,2}[./-]\d{2,4}( to \d{1,2}/\d{1,2}/\d{4})?"))
def test_any_text_is_read_without_an_error(text: str) -> None:
    days = read_days(text)
    assert (days.first is None) == (days.last is None)
    read_event(text, "LCM")
    seconds_of(text)


def test_times() -> None:
    times = ("26.07", "2:37.96", "1:02:03.04", None, "DQ", "369.38")
    assert [seconds_of(time) for time in times] == [26.07, 157.96, 3723.04, None, None, 369.38]


def test_race_of_legs_alone_is_no_race_of_the_stroke() -> None:
    assert read_event("Women, 50m Freestyle Kick", "LCM").key is None
    assert read_event("50m Brust Beine weiblich", "SCM").key is None
