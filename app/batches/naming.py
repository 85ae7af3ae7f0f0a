"""Names of a batch: whose it is, what is in it, and the folder that its results go by."""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from urllib.parse import unquote, urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from app.auth.models import Organisation
from app.files.names import archive_name, display_names, split_suffix
from app.pipelines.contract import DEFAULT_LABEL, Pipeline
from app.pipelines.naming import NO_CHOICES, Naming, NamingChoices

UTC: Final = ZoneInfo("UTC")
EMPTY: Final = "Draft"
"""What is in a batch that has nothing in it yet."""
_MANY: Final = 200
_ENOUGH: Final = 5
"""When so many files have a prefix each, the prefixes are those of what is in the files."""


def name_of_source(name: str | None, url: str | None) -> str:
    """What a job's file is called, as far as it is known before it is fetched."""
    if name or not url:
        return name or ""
    try:
        return unquote(urlsplit(url).path).rstrip("/").rpartition("/")[2]
    except ValueError:
        return ""


def directory_of_name(name: str) -> str:
    """The folder and ZIP of a batch that somebody named."""
    return archive_name(name)


def zone_of(organisation: Organisation) -> ZoneInfo:
    """The organisation's time zone; UTC for one that this machine does not know."""
    try:
        return ZoneInfo(organisation.time_zone)
    except (ZoneInfoNotFoundError, ValueError):
        return UTC


@dataclass(frozen=True, slots=True)
class Namer:
    """Names the batches of one pipeline for one organisation."""

    naming: Naming
    label: str = DEFAULT_LABEL
    choices: NamingChoices = NO_CHOICES
    zone: ZoneInfo = UTC

    @classmethod
    def of(cls, pipeline: Pipeline | None, organisation: Organisation, seen: Sequence[str] = ()) -> Namer:
        """`seen`: customers of the organisation's earlier batches. A pipeline that is no longer here reads no names."""
        choices, zone = NamingChoices.of(organisation.naming, seen), zone_of(organisation)
        return cls(pipeline.naming, pipeline.label, choices, zone) if pipeline else cls(Naming(), zone=zone)

    async def read(
        self, filenames: Sequence[str], sources: Sequence[str], description: str | None
    ) -> tuple[tuple[str | None, bool], str]:
        """`prefix_of` and `description_of`; thousands of names are read beside the loop, not in it."""

        def read() -> tuple[tuple[str | None, bool], str]:
            return self.prefix_of(filenames), self.description_of(filenames, sources, description)

        return await asyncio.to_thread(read) if len(filenames) > _MANY else read()

    def prefix_of(self, filenames: Sequence[str]) -> tuple[str | None, bool]:
        """The most frequent prefix, the first uploaded on a tie, and whether the files are a mixture of customers."""
        found = [prefix for name in filenames if (prefix := self.naming.customer_of(name, self.choices))]
        counts = Counter(found)  # keeps the order of first appearance, which max() respects
        if not counts or (len(counts) == len(filenames) >= _ENOUGH):
            return None, len(counts) > 1
        return max(counts, key=lambda prefix: counts[prefix]), len(counts) > 1

    def description_of(
        self, filenames: Sequence[str], sources: Sequence[str] = ("file",), description: str | None = None
    ) -> str:
        """The user's own words, else what the names tell with the pipeline's label: `3-view_Render`, `12-record_Play`.

        `sources`: whether they are files, URLs or records.
        """
        if description:
            return re.sub(r"[^\w.-]+", "_", description).strip("_.")[:80] or "Batch"
        if not filenames:
            return EMPTY
        kinds = set(sources)
        unit = kinds.pop() if len(kinds) == 1 else "item"
        content = None if unit == "record" else self.naming.describe(filenames, self.choices)
        return f"{content or f'{len(filenames)}-{unit}'}_{self.label}"

    def directory_of(self, prefix: str | None, description: str, moment: datetime) -> str:
        """`{prefix}_{description}_{YYYY-MM-DD}`, the day where the organisation is; without a prefix, the other two."""
        day = moment.astimezone(self.zone).date().isoformat()
        safe = re.sub(r"[^\w. &()+,=@-]+", "_", prefix or "")
        return "_".join(part for part in (safe, description, day) if part)[:255]


def job_folder(sequence: int, filename: str | None, pipeline: str | None) -> str:
    """`003 Lakeside Invitational`: the job's number first, so that folders sort as the jobs do and never collide.

    `pipeline` is given when the batch has several.
    """
    return job_folders([sequence], [filename], None if pipeline is None else [pipeline])[0]


def job_folders(
    sequences: Sequence[int], filenames: Sequence[str | None], pipelines: Sequence[str] | None
) -> list[str]:
    """The folder of each job, as `job_folder` names it."""
    names = display_names([name or "record" for name in filenames])
    stems = [split_suffix(name)[0] for name in names]
    if pipelines is None:
        return [f"{number:03d} {stem}"[:100] for number, stem in zip(sequences, stems, strict=True)]
    each = zip(sequences, stems, pipelines, strict=True)
    return [f"{number:03d} {stem[:60]} {pipeline}" for number, stem, pipeline in each]
