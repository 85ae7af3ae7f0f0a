"""Readings kept in memory: by their whole key, for a while, and only so many."""

from __future__ import annotations

from dataclasses import replace

import pytest

from app.extractions import known_readings
from app.extractions.known_readings import KnownReadings
from app.extractions.repository import Reading, ReadingKey
from app.kit.ids import new_id

KEY = ReadingKey(new_id(), "ab" * 32, "result-sheets", 3)


def test_every_part_of_the_key_counts() -> None:
    readings = KnownReadings()
    readings.keep(KEY, Reading("sheet", 7))
    assert readings.find(KEY) == Reading("sheet", 7)
    for other in (
        replace(KEY, organisation_id=new_id()),
        replace(KEY, sha256="cd" * 32),
        replace(KEY, version=4),
        replace(KEY, subject="Ada"),
    ):
        assert readings.find(other) is None


def test_a_reading_is_asked_for_anew_after_ten_minutes(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1000.0
    monkeypatch.setattr(known_readings.time, "monotonic", lambda: now)
    readings = KnownReadings()
    readings.keep(KEY, Reading("sheet", 7))
    now += known_readings.KEPT_SECONDS - 1
    assert readings.find(KEY)
    now += 2
    assert readings.find(KEY) is None


def test_what_was_used_longest_ago_makes_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(known_readings, "MOST_CHARACTERS", 10)
    readings, (one, two, three) = KnownReadings(), [replace(KEY, version=version) for version in (1, 2, 3)]
    readings.keep(one, Reading("aaaa", 1))
    readings.keep(two, Reading("bbbb", 1))
    assert readings.find(one)
    readings.keep(three, Reading("cccc", 1))
    assert [bool(readings.find(key)) for key in (one, two, three)] == [True, False, True]
    readings.keep(one, Reading("a", 1))
    readings.keep(two, Reading("bbbb", 1))
    assert [bool(readings.find(key)) for key in (one, two, three)] == [True, True, True]
    readings.keep(three, Reading("c" * 6, 1))
    assert [bool(readings.find(key)) for key in (one, two, three)] == [True, True, False]
