"""The words for states: complete, disjoint where they must be, and the same in code and database."""

from __future__ import annotations

import re

from app.batches.states import (
    BATCH_STATUSES,
    BATCH_TERMINAL,
    COUNTERS,
    JOB_STATUSES,
    JOB_TERMINAL,
    STATUS_ALIASES,
    STEP_STATUSES,
    STEP_TERMINAL,
    TRANSITIONS,
)
from tests.conftest import Api
from tests.files.bodies import query


def test_ends_are_statuses() -> None:
    for statuses, ends in (
        (BATCH_STATUSES, BATCH_TERMINAL),
        (JOB_STATUSES, JOB_TERMINAL),
        (STEP_STATUSES, STEP_TERMINAL),
    ):
        assert len(set(statuses)) == len(statuses)
        assert set(ends) < set(statuses)


def test_counters_are_the_jobs_statuses() -> None:
    assert set(COUNTERS) - {"total", "cached"} == set(JOB_STATUSES)


def test_transitions_speak_of_known_states_and_never_leave_an_end() -> None:
    for sources, target in TRANSITIONS.values():
        assert {*sources, target} <= set(BATCH_STATUSES)
        assert not set(sources) & set(BATCH_TERMINAL)


def test_aliases_lead_to_statuses_and_hide_none() -> None:
    known = {*BATCH_STATUSES, *JOB_STATUSES}
    assert set(STATUS_ALIASES.values()) <= known
    assert not set(STATUS_ALIASES) & known


async def test_database_knows_the_same_words(api: Api) -> None:
    tables = {"batches": BATCH_STATUSES, "jobs": JOB_STATUSES, "job_steps": STEP_STATUSES}
    for table, statuses in tables.items():
        found = "select pg_get_constraintdef(oid) from pg_constraint where conname = :name"
        definition = await query(api, found, name=f"ck_{table}_status")
        assert set(re.findall(r"'(\w+)'", definition)) == set(statuses)
