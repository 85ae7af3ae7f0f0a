"""Which layout is asked, and which one reads."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from app.extractions import layouts
from app.extractions.pdf.page import Pages


def _layout(sure: float, most: float | None = None) -> SimpleNamespace:
    """A layout that is so sure; what it was asked is in `asked`."""
    asked: list[str] = []

    def recognise(_: Pages) -> float:
        asked.append("recognise")
        return sure

    layout = SimpleNamespace(recognise=recognise, asked=asked)
    if most is not None:
        layout.most = lambda _: most
    return layout


@pytest.mark.parametrize(
    ("first", "middle", "last", "chosen"),
    [
        ((0.5, None), (0.9, 0.9), (0.95, None), 2),
        ((0.5, None), (0.9, 0.9), (0.85, None), 1),
        ((0.5, None), (1.0, 1.0), (1.0, None), 1),
        ((1.0, None), (1.0, 1.0), (1.0, None), 0),
        ((0.0, None), (0.0, 0.9), (0.0, None), None),
    ],
)
def test_the_surest_reads_and_of_two_the_first(
    monkeypatch: pytest.MonkeyPatch,
    first: tuple[float, float | None],
    middle: tuple[float, float | None],
    last: tuple[float, float | None],
    chosen: int | None,
) -> None:
    found = [_layout(*each) for each in (first, middle, last)]
    monkeypatch.setattr(layouts, "layouts", lambda: tuple(found))
    layout = layouts.choose(Pages([]))
    assert layout is (None if chosen is None else found[chosen])


def test_one_that_cannot_be_surer_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    slow, sure = _layout(0.9, 0.9), _layout(0.95)
    monkeypatch.setattr(layouts, "layouts", lambda: (slow, sure))
    assert layouts.choose(Pages([])) is sure
    assert slow.asked == []
