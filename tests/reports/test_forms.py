"""The forms in which values are kept tell of some kinds, without a look at the values, that none or all are of them."""

import re
from itertools import product

import pytest

from app.reports.columns.figures import CANDIDATES
from app.reports.columns.kinds import Kind
from app.reports.columns.moments import TIME, TIME_OF_HALF_DAY, moment_kinds

_DAYS = [
    f"{year:04}-{month:02}-{day:02}"
    for year, month, day in product((1, 10, 100, 999, 1000, 1900, 2024, 9999), range(1, 13), range(1, 32))
]
_CLOCKS = ("00:00:00", "01:02:03", "10:00:00", "12:30:59", "23:59:59")
_WHOLES = [*range(1200), 10**5, 10**6 - 1, 10**17, 10**18 - 1]
TEXTS = {
    "date": _DAYS,
    "timestamp": [f"{day} {clock}" for day in _DAYS[::7] for clock in _CLOCKS],
    "bigint": [f"{sign}{whole}" for whole in _WHOLES for sign in ("", "-") if whole or not sign],
    "decimal": [
        f"{sign}{whole}.{'0125' * 2:.{places}}"
        for whole in (0, 1, 12, 999, 10**10)
        for places in range(1, 7)
        for sign in ("", "-")
    ],
}
KINDS = [*CANDIDATES, TIME, TIME_OF_HALF_DAY, *moment_kinds(("2024-03-04",))]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: f"{kind.name} {kind.format or kind.type}")
def test_a_form_is_wholly_or_never_of_a_kind(kind: Kind) -> None:
    pattern = re.compile(kind.pattern)
    for form in kind.never:
        assert not [text for text in TEXTS[form] if pattern.fullmatch(text)], form
    for form in kind.keeps:
        assert all(pattern.fullmatch(text) for text in TEXTS[form]), form


def test_no_number_is_looked_for_among_kept_days() -> None:
    assert all(kind.never for kind in (*CANDIDATES, TIME, TIME_OF_HALF_DAY))
