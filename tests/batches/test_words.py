"""The words for where a batch, a job and a step can be: the same in code, filters and database."""

from __future__ import annotations

import re

from app.batches.states import (
    BATCH_ALIASES,
    BATCH_STATUSES,
    BATCH_TERMINAL,
    COUNTERS,
    JOB_ALIASES,
    JOB_STATUSES,
    JOB_TERMINAL,
    STEP_STATUSES,
    STEP_TERMINAL,
    sql_list,
)
from tests.conftest import Api
from tests.files.bodies import query


def test_ends_are_statuses() -> None:
    pairs = ((BATCH_STATUSES, BATCH_TERMINAL), (JOB_STATUSES, JOB_TERMINAL), (STEP_STATUSES, STEP_TERMINAL))
    for statuses, ends in pairs:
        assert len(set(statuses)) == len(statuses)
        assert set(ends) < set(statuses)


def test_counters_are_the_statuses_of_jobs() -> None:
    assert set(COUNTERS) - {"total", "cached"} == set(JOB_STATUSES)


def test_aliases_lead_to_statuses_and_hide_none() -> None:
    for aliases, known in ((BATCH_ALIASES, BATCH_STATUSES), (JOB_ALIASES, JOB_STATUSES)):
        assert set(aliases.values()) <= set(known)
        assert not set(aliases) & set(known)
        assert aliases.keys() >= {"queued", "in_progress", "success"}


def test_list_for_sql() -> None:
    assert sql_list(("a", "b")) == "'a', 'b'"


async def test_database_knows_the_same_words(api: Api) -> None:
    for table, statuses in (("batches", BATCH_STATUSES), ("jobs", JOB_STATUSES), ("job_steps", STEP_STATUSES)):
        found = "select pg_get_constraintdef(oid) from pg_constraint where conname = :name"
        definition = await query(api, found, name=f"ck_{table}_status")
        assert set(re.findall(r"'(\w+)'", definition)) == set(statuses)
