"""Names read off file names: whose batch it is, what is in it, and the folder that its results go by."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from datetime import date

from app.files.names import display_name, split_suffix
from app.pipelines.naming import Naming


def common_prefix(filenames: Sequence[str], naming: Naming) -> tuple[str | None, bool]:
    """The most frequent prefix, the first uploaded on a tie, and whether the files are a mixture of customers."""
    found = [prefix for prefix in map(naming.customer_of, filenames) if prefix]
    if not found:
        return None, False
    counts = Counter(found)  # keeps the order of first appearance, which max() respects
    return max(counts, key=lambda prefix: counts[prefix]), len(counts) > 1


def job_description(filenames: Sequence[str], naming: Naming, description: str | None = None) -> str:
    """The user's own words, else what the names tell."""
    if description:
        return re.sub(r"[^\w.-]+", "_", description).strip("_.")[:80] or "Batch"
    return naming.describe(filenames)


def base_directory_name(prefix: str | None, description: str, day: date) -> str:
    """`{prefix}_{description}_{YYYY-MM-DD}`; without a prefix, the other two."""
    return "_".join(part for part in (prefix, description, day.isoformat()) if part)[:255]


def job_folder(sequence: int, filename: str | None, pipeline: str | None) -> str:
    """`003 Lakeside Invitational`: the job's number first, so that folders sort as the jobs do and never collide.

    `pipeline` is given when the batch has several.
    """
    stem, _ = split_suffix(display_name(filename or "record"))
    return f"{sequence:03d} {stem[:60]} {pipeline}" if pipeline else f"{sequence:03d} {stem}"[:100]
