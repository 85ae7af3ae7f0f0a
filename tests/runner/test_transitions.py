"""What the settle function is given and gives back, by names: without a database."""

from __future__ import annotations

import re
from pathlib import Path

from app.runner import transitions
from app.runner.transitions import Settled, Transition, read_settled

SETTLE_SQL = Path(transitions.__file__).with_name("settle.sql").read_text("utf-8")


def columns(pattern: str) -> list[str]:
    found = re.search(pattern, SETTLE_SQL, re.DOTALL)
    assert found
    return [column.split()[0] for column in found[1].split(",")]


def test_a_transition_has_the_fields_of_its_type_in_the_same_order() -> None:
    assert columns(r"create type \{transition\} as \((.*?)\);") == list(Transition._fields)


def test_what_is_read_of_a_row_is_there() -> None:
    assert columns(r"returns table \((.*?)\)\n") == ["place", *Settled._fields]


def test_a_transition_without_a_row_was_fenced_off() -> None:
    stands = Settled(
        "running", 2, 3, 4, needs_closing=False, needs_cancelling=True, pipeline_id=1, error_code=None, is_suspect=False
    )
    rows = [{"place": 3, **stands._asdict()}, {"place": 1, **stands._replace(status="failed")._asdict()}]
    assert read_settled(rows, 3) == [stands._replace(status="failed"), None, stands]
