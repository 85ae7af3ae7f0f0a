"""Any name, club, time and column: what is drawn in a row comes out of it."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from app.extractions.sheet import read_sheet
from tests.extractions.sheets import Drawing
from tests.extractions.tongues import ENGLISH, TONGUES, Tongue

_CAPITALS, _SMALL = "ABCDEFGHIJKLMNOPRSTUVWZÁÉÑÓÖÜ", "abcdefghijklmnoprstuvwzáéíñóöüß"
_WORDS = st.builds(
    lambda first, rest: first + rest, st.sampled_from(_CAPITALS), st.text(_SMALL, min_size=2, max_size=8)
)
_NAMES = st.builds(lambda *words: f"{words[0]}, {words[1]}", _WORDS, _WORDS)
_CLUBS = st.builds(lambda *words: " ".join(words), _WORDS, _WORDS)
_TIMES = st.integers(1500, 400_000).map(
    lambda hundredths: (
        f"{hundredths // 6000}:{hundredths % 6000 / 100:05.2f}" if hundredths >= 6000 else f"{hundredths / 100:.2f}"
    )
)
_ROWS = st.lists(
    st.tuples(_NAMES, st.integers(5, 99), _CLUBS, st.one_of(st.just("NT"), _TIMES), _TIMES), min_size=1, max_size=25
)


@settings(max_examples=60, deadline=None)
@given(rows=_ROWS, tongue=st.sampled_from([ENGLISH, *TONGUES.values()]), comma=st.booleans(), accents=st.booleans())
def test_rows_out_are_rows_in(
    rows: list[tuple[str, int, str, str, str]], tongue: Tongue, comma: bool, accents: bool
) -> None:
    drawing = Drawing(tongue=tongue, comma=comma, accents=accents).page()
    drawing.line(f"{tongue.event} 7  {tongue.sexes[0]} 100 {tongue.courses[1]} {tongue.strokes[0]}").headers()
    for place, (name, age, club, seed, time) in enumerate(rows, 1):
        drawing.row(str(place), name, str(age), club, seed=seed, final=time)
    with tempfile.TemporaryDirectory() as folder:
        sheet = read_sheet(drawing.save(Path(folder) / "sheet.pdf"))
    read = [(s.place, s.name, s.age, s.team, s.seed_or_prelim, s.time) for s in sheet.swims]
    assert read == [(p, n, str(a), c, s, t) for p, (n, a, c, s, t) in enumerate(rows, 1)]
    assert sheet.reading is not None
    assert sheet.reading["confidence"] == "high"
