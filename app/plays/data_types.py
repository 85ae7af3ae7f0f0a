"""The kinds of data a play can need of a lead: the "batches" of the mappings, with their numbers and names."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final


@dataclass(frozen=True, slots=True)
class DataBatchType:
    """One kind. Data older than `fresh_for` is fetched again before a play uses it."""

    number: int
    name: str
    title: str
    fresh_for: timedelta


DATA_BATCH_TYPES: Final = (
    DataBatchType(1, "linkedin_profile", "LinkedIn Profile", timedelta(days=30)),
    DataBatchType(2, "company_enrichment", "Company Enrichment", timedelta(days=30)),
    DataBatchType(3, "hubspot", "HubSpot Data", timedelta(days=1)),
    DataBatchType(4, "linkedin_posts", "LinkedIn Posts", timedelta(days=1)),
    DataBatchType(5, "linkedin_jobs", "LinkedIn Jobs", timedelta(days=7)),
)
BY_NUMBER: Final = {kind.number: kind for kind in DATA_BATCH_TYPES}
BY_NAME: Final = {kind.name: kind for kind in DATA_BATCH_TYPES}


def what_is_wrong(numbers: Sequence[int]) -> str | None:
    """Why these are no requirements of a play, in one sentence, or None when they are."""
    if strange := sorted({number for number in numbers if number not in BY_NUMBER}):
        return f"Batch numbers are 1 to 5, not {strange[0]}."
    if len(set(numbers)) < len(numbers):
        twice = min(number for number in numbers if numbers.count(number) > 1)
        return f"The batch number {twice} is given twice."
    return None


def kinds_of(numbers: Iterable[int]) -> list[DataBatchType]:
    """The kinds with these numbers, ascending."""
    return [BY_NUMBER[number] for number in sorted(numbers)]
