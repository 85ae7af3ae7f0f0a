"""The pipelines of this process, by key, and their rows in the database."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.pipelines.contract import Pipeline, PipelineNotWellFormed
from app.pipelines.discovery import Source
from app.pipelines.errors import PipelineUnknown
from app.pipelines.models import PipelineRow

log = logging.getLogger("tranche.pipelines")


@dataclass(frozen=True, slots=True)
class PipelineProblem:
    """What is wrong with a file or an entry point, and since when. `kept`: what it had before is still run."""

    source: str
    message: str
    since: datetime
    kept: bool


class Registry:
    """Pipelines by key and, once `save` ran, by the integer id of their row.

    `pipelines` are those of the rooms. Of the `sources` one that is not well is left out, with all that it holds.
    """

    def __init__(self, pipelines: Iterable[Pipeline], sources: Iterable[Source] = ()) -> None:
        self._built_in: dict[str, Pipeline] = {}
        for pipeline in pipelines:
            pipeline.check_complete()
            if pipeline.key in self._built_in:
                raise PipelineNotWellFormed(f"two pipelines are called {pipeline.key}")
            self._built_in[pipeline.key] = pipeline
        self._sources: dict[str, Source] = {}
        self._problems: dict[str, PipelineProblem] = {}
        self.generation = 0
        """Grows when pipelines may be others than before."""
        for source in sources:
            self.admit(source)
        self._by_key = self._merged()
        self._by_id: dict[int, Pipeline] = {}
        self._ids: dict[str, int] = {}

    def __iter__(self) -> Iterator[Pipeline]:
        return iter(self._by_key.values())

    @property
    def problems(self) -> Sequence[PipelineProblem]:
        """What is wrong with files and entry points."""
        return sorted(self._problems.values(), key=lambda problem: problem.source)

    def admit(self, source: Source) -> None:
        """Take all pipelines of a source in place of those that it had, or none. They count after the next `save`."""
        problem = source.problem or self._conflict(source)
        if problem is None:
            self._problems.pop(source.name, None)
            self._sources[source.name] = source
            return
        if source.problem is None:
            log.error("the workload %s is left out: %s", source.name, problem)
        known = self._problems.get(source.name)
        since = known.since if known and known.message == problem else datetime.now(UTC)
        self._problems[source.name] = PipelineProblem(source.name, problem, since, kept=source.name in self._sources)

    def forget(self, name: str) -> None:
        """A source is gone, with its pipelines: after the next `save` they are not known."""
        self._sources.pop(name, None)
        self._problems.pop(name, None)

    def _conflict(self, source: Source) -> str | None:
        others = dict.fromkeys(self._built_in, "a pipeline that comes with the service")
        others |= {
            pipeline.key: f"one of {other.name}"
            for other in self._sources.values()
            if other.name != source.name
            for pipeline in other.pipelines
        }
        for pipeline in source.pipelines:
            if pipeline.key in others:
                return f"two pipelines are called {pipeline.key}: this one, and {others[pipeline.key]}"
            others[pipeline.key] = "another one here"
        return None

    def _merged(self) -> dict[str, Pipeline]:
        found = [pipeline for source in self._sources.values() for pipeline in source.pipelines]
        return self._built_in | {pipeline.key: pipeline for pipeline in found}

    def id_of(self, pipeline: Pipeline) -> int:
        return self._ids[pipeline.key]

    def get(self, name: str) -> Pipeline:
        """The pipeline of this key, or of this id written as digits; raises PipelineUnknown (422)."""
        is_id = name.isascii() and name.isdecimal() and len(name) < 10
        found = self._by_id.get(int(name)) if is_id else self._by_key.get(name)
        if found is None:
            known = ", ".join(sorted(self._by_key))
            raise PipelineUnknown(f"There is no pipeline {name[:60]!r}. There are: {known}.")
        return found

    def find(self, pipeline_id: int) -> Pipeline | None:
        """The pipeline with this row id, or None when this process does not have it."""
        return self._by_id.get(pipeline_id)

    async def save(self, session: AsyncSession) -> None:
        """Write each pipeline's row and learn its id. In key order, so that two starting processes do not deadlock.

        From then on those that were admitted are the ones that count, all at once.
        """
        merged = self._merged()
        for key, pipeline in sorted(merged.items()):
            steps = [{"position": at, "name": name} for at, name in enumerate(pipeline.step_names())]
            values = {"version": pipeline.version, "title": pipeline.title, "steps": steps}
            statement = insert(PipelineRow).values(key=key, **values)
            changed = values | {"updated_at": func.now()}
            await session.execute(statement.on_conflict_do_update(index_elements=["key"], set_=changed))
        rows = (await session.execute(select(PipelineRow.id, PipelineRow.key))).all()
        self._ids |= {key: row_id for row_id, key in rows if key in merged}
        self._by_id = {row_id: merged[key] for row_id, key in rows if key in merged}
        self._by_key = merged
        self.generation += 1
