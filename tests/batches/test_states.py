"""The state table: whole, and the same in code and docs."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.batches.errors import InvalidTransition
from app.batches.states import BATCH_STATUSES, BATCH_TERMINAL, COMMANDS, RULES, allowed_commands

DOCUMENT = Path(__file__).parents[2] / "docs" / "states.md"


def row_of(rule: object) -> str:
    sources = ", ".join(rule.sources) or "-"  # type: ignore[attr-defined]
    target = rule.target or "stays"  # type: ignore[attr-defined]
    asked = "yes" if rule.command else ""  # type: ignore[attr-defined]
    return f"| {sources} | {rule.event} | {target} | {asked} | {rule.meaning} |"  # type: ignore[attr-defined]


def test_the_document_holds_every_rule_and_no_other() -> None:
    rows = [line for line in DOCUMENT.read_text().splitlines() if line.startswith("| ")]
    assert rows[1:] == [row_of(rule) for rule in RULES]


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
    assert allowed_commands("paused") == ["resume", "cancel", "retry-failed"]
    assert allowed_commands("cancelling") == []
    assert set(allowed_commands("completed")) == {"retry-failed", "restart", "archive", "delete"}
    assert set(COMMANDS) == {
        "start",
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
