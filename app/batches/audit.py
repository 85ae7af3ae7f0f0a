"""Whether what is stored about a batch agrees with itself: counters, rows, steps and events."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.batches import insight_repository
from app.batches.states import COUNTERS, JOB_TERMINAL
from app.kit.schemas import Output


class Difference(Output):
    """One thing that does not agree. `expected` follows from the rows below, `found` is what is stored."""

    code: str
    message: str
    expected: int | str | None
    found: int | str | None


class AuditRead(Output):
    consistent: bool
    differences: list[Difference]


async def audit(session: AsyncSession, batch_id: UUID) -> list[Difference]:
    """Everything in which a batch disagrees with its rows and events; empty when all is well or there is no batch.

    Takes no lock and may run while the batch does.
    """
    found = await insight_repository.find_books(session, batch_id)
    if found is None:
        return []
    return [*_counters(found), *_events(found), *_jobs(found)]


def _counters(found: Mapping[str, Any]) -> Iterator[Difference]:
    batch, counted = found["batch"], found["counted"]
    for name in COUNTERS:
        stored, actual = batch[f"{name}_jobs"], counted[name]
        if stored != actual:
            message = f"The batch counts {stored:,} jobs as {name}; there are {actual:,}."
            yield Difference(code=f"{name}_jobs", message=message, expected=actual, found=stored)
    if batch["total_size"] != counted["sizes"]:
        message = f"The batch's total size is {batch['total_size']:,} bytes; its jobs have {counted['sizes']:,}."
        yield Difference(code="total_size", message=message, expected=counted["sizes"], found=batch["total_size"])


def _events(found: Mapping[str, Any]) -> Iterator[Difference]:
    batch, logged = found["batch"], found["logged"]
    last = batch["last_event_id"]
    if (logged["last_id"] or 0) != last:
        message = f"The batch's last event is {last:,} by its own row; the log ends at {logged['last_id']}."
        yield Difference(code="last_event_id", message=message, expected=logged["last_id"], found=last)
    if logged["events"] and (logged["first_id"] != 1 or logged["events"] != logged["last_id"]):
        message = f"The log has {logged['events']:,} events between {logged['first_id']} and {logged['last_id']}."
        yield Difference(code="event_gap", message=message, expected=logged["last_id"], found=logged["events"])
    ends = int(found["ended"])
    if logged["ends"] != ends:
        message = f"A batch that is {batch['status']} has {ends} terminal events; this one has {logged['ends']}."
        yield Difference(code="terminal_events", message=message, expected=ends, found=logged["ends"])
    elif ends:
        if logged["end_id"] != logged["last_id"]:
            message = f"The terminal event is {logged['end_id']:,}, but the log goes on to {logged['last_id']:,}."
            yield Difference(
                code="terminal_event_not_last", message=message, expected=logged["last_id"], found=logged["end_id"]
            )
        if found["end_type"] != f"batch.{batch['status']}":
            message = f"The batch is {batch['status']}, but its terminal event is {found['end_type']}."
            yield Difference(
                code="terminal_event_type",
                message=message,
                expected=f"batch.{batch['status']}",
                found=found["end_type"],
            )


def _jobs(found: Mapping[str, Any]) -> Iterator[Difference]:
    for job in found["wrong_ends"]:
        has_end = job["status"] in JOB_TERMINAL and found["batch"]["relation"] != "backfill"
        expected = f"job.{job['status']}" if has_end else "none"
        message = f"Job {job['sequence']} is {job['status']}; its terminal events are: {job['types']}."
        if job["early"]:
            message = f"Job {job['sequence']} was started again after its terminal event {job['types']}."
        yield Difference(code="job_terminal_events", message=message, expected=expected, found=job["types"])
    for job in found["wrong_steps"]:
        left = f"{job['pending']} pending, {job['running']} running"
        fitting = "1 running" if job["status"] == "running" else "none running"
        fitting = "none pending, none running" if job["status"] in JOB_TERMINAL else fitting
        message = f"Job {job['sequence']} is {job['status']}; of its steps are {left}."
        yield Difference(code="job_steps", message=message, expected=fitting, found=left)
