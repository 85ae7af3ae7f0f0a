"""The state table: whole, and the same as what the commands and the SQL do."""

from __future__ import annotations

from itertools import product

import asyncpg
import pytest

from app.batches.errors import InvalidTransition
from app.batches.states import (
    BATCH_STATUSES,
    BATCH_TERMINAL,
    COMMANDS,
    RULES,
    allowed_commands,
    outcome_of,
    outcome_sql,
)


def test_every_status_can_be_reached_and_left_unless_it_is_an_end() -> None:
    reached = {rule.target for rule in RULES if rule.target} | {"draft"}
    left = {source for rule in RULES if rule.target for source in rule.sources}
    assert reached == set(BATCH_STATUSES)
    assert left == set(BATCH_STATUSES) - set(BATCH_TERMINAL)


def test_only_known_words_are_used() -> None:
    for rule in RULES:
        assert set(rule.sources) <= set(BATCH_STATUSES)
        assert rule.target in (*BATCH_STATUSES, "")


def test_allowed_commands_are_those_whose_sources_hold_the_status() -> None:
    assert allowed_commands("paused") == ["add", "resume", "cancel", "retry-failed"]
    assert allowed_commands("cancelling") == []
    assert set(allowed_commands("completed")) == {"retry-failed", "restart", "archive", "delete"}
    assert set(COMMANDS) == {
        "start",
        "add",
        "pause",
        "resume",
        "cancel",
        "retry-failed",
        "restart",
        "archive",
        "delete",
    }


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("start", "be started"),
        ("add", "be given more jobs"),
        ("pause", "be paused"),
        ("resume", "be resumed"),
        ("cancel", "be cancelled"),
        ("retry-failed", "have its failed jobs retried"),
        ("restart", "be restarted"),
        ("archive", "be archived"),
        ("delete", "be deleted"),
    ],
)
def test_a_refused_command_is_said_in_english(command: str, said: str) -> None:
    refused = InvalidTransition("cancelling", command)
    assert refused.detail == f"A batch that is cancelling cannot {said}."
    assert refused.extra == {"event": command, "allowed": [], "from": "cancelling"}


@pytest.mark.parametrize(
    ("completed", "failed", "cancelled", "flags", "status"),
    [
        (2, 0, 0, {}, "completed"),
        (0, 0, 0, {}, "completed"),
        (1, 1, 0, {}, "partial"),
        (0, 2, 0, {}, "failed"),
        (1, 1, 1, {"cancelling": True}, "cancelled"),
        (1, 0, 0, {"cancelling": True}, "completed"),
        (1, 1, 0, {"cancelling": True}, "partial"),
        (2, 0, 0, {"given_up": True}, "failed"),
        (1, 0, 3, {"given_up": True, "cancelling": True}, "failed"),
        (1, 0, 1, {}, "partial"),
        (0, 0, 2, {}, "cancelled"),
        (0, 1, 1, {}, "failed"),
    ],
)
def test_how_a_batch_ends(completed: int, failed: int, cancelled: int, flags: dict[str, bool], status: str) -> None:
    assert outcome_of(completed, failed, cancelled, **flags) == status


def test_every_ending_is_a_rule() -> None:
    """Whatever the counters are, the batch's way to its end stands in the table."""
    ends = {(source, rule.target) for rule in RULES if rule.target in BATCH_TERMINAL for source in rule.sources}
    found = set()
    for completed, failed, cancelled, given_up in product((0, 1), (0, 1), (0, 1), (False, True)):
        found.add(("cancelling", outcome_of(completed, failed, cancelled, cancelling=True, given_up=given_up)))
        for source in ("processing", "paused"):
            found.add((source, outcome_of(completed, failed, cancelled, given_up=given_up)))
        if not (completed or failed or given_up):  # nothing has run: its jobs were cancelled or skipped one by one
            found.add(("pending", outcome_of(0, 0, cancelled)))
    assert found == ends


async def test_the_database_decides_as_the_code_does(database_url: str) -> None:
    expression = outcome_sql("completed", "failed", "cancelled", cancelling="cancelling", given_up="given_up")
    query = f"""
        select completed, failed, cancelled, cancelling, given_up, {expression} as status
        from generate_series(0, 2) completed, generate_series(0, 2) failed, generate_series(0, 2) cancelled,
          (values (true), (false)) c(cancelling), (values (true), (false)) g(given_up)"""
    connection = await asyncpg.connect(database_url)
    try:
        rows = [dict(row) for row in await connection.fetch(query)]
    finally:
        await connection.close()
    assert len(rows) == 3 * 3 * 3 * 2 * 2
    assert [row for row in rows if row.pop("status") != outcome_of(**row)] == []
