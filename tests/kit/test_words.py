"""Numbers of things in sentences."""

from __future__ import annotations

import pytest

from app.kit.words import quantity


@pytest.mark.parametrize(
    ("count", "said"), [(0, "0 batches"), (1, "1 batch"), (2, "2 batches"), (12_300, "12,300 batches")]
)
def test_plural_but_for_one(count: int, said: str) -> None:
    assert quantity(count, "batch", "batches") == said


def test_most_plurals_end_in_s() -> None:
    assert [quantity(count, "job") for count in (1, 2)] == ["1 job", "2 jobs"]
