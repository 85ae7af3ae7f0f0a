"""The forms in which values are kept tell, without their texts, which of them are of a kind."""

from itertools import product

import duckdb
import pytest

from app.reports.columns.figures import CANDIDATES
from app.reports.columns.kinds import FORMS, Kind
from app.reports.columns.moments import TIME, TIME_OF_HALF_DAY, moment_kinds

_DAYS = [
    f"{year:04}-{month:02}-{day:02}"
    for year, month, day in product(
        (1, 10, 100, 999, 1000, 1677, 1678, 1900, 2024, 2261, 2262, 9999), range(1, 13), range(1, 32)
    )
]
_CLOCKS = ("00:00:00", "00:12:43", "01:02:03", "10:00:00", "12:30:59", "23:47:16", "23:59:59")
_WHOLES = [*range(1200), 10**5, 10**6 - 1, 10**17, 10**18 - 1]


def _decimals(places: int) -> list[str]:
    return [
        f"{sign}{whole}.{fraction * 2:.{places}}"
        for whole in (0, 1, 12, 101, 999, 1000, 10**10)
        for fraction in ("0125", "9990", "0000")
        for sign in ("", "-")
    ]


KEPT = [
    ("bigint", "bigint", [f"{sign}{whole}" for whole in _WHOLES for sign in ("", "-")]),
    *(("thousandths" if at == 3 else "decimal", f"decimal(18, {at})", _decimals(at)) for at in range(1, 7)),
    ("date", "date", _DAYS),
    ("timestamp", "timestamp", [f"{day} {clock}" for day in _DAYS[::3] for clock in _CLOCKS]),
]
_MOMENTS = ("2024-03-04", "2024/03/04", "2024.3.4", "3/4/2024", "3.4.24", "8. März 2023", "April 8, 2023")
_OTHERS = ("Tue Mar  5 10:00:00 2024", "20240105T101010", "2024-W05-1")
KINDS = [
    *(*CANDIDATES, TIME, TIME_OF_HALF_DAY),
    *(kind for example in (*_MOMENTS, *_OTHERS) for kind in moment_kinds((example,))),
]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: f"{kind.name} {kind.format or kind.type}")
def test_a_kept_value_is_of_the_kinds_that_its_text_is_of(kind: Kind) -> None:
    assert {*kind.forms} >= {*FORMS} - {"thousandths"}
    for form, type_name, texts in KEPT:
        told = kind.forms.get(form, kind.of("t")).replace("§", "v")
        with duckdb.connect() as connection:
            connection.execute(
                f"create table kept as select t, try_cast(t as {type_name}) as v from (select unnest(?) as t)", [texts]
            )
            count, told_otherwise = connection.execute(
                f"select count(*), list(t) filter (where (({told}) is null) != (({kind.of('t')}) is null)) from kept"
                " where v::varchar = t"
            ).fetchone() or (0, None)
        assert count > 20
        assert not told_otherwise, (form, told_otherwise[:5])
