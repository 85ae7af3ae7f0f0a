"""The pipelines of this process, by key, and their rows in the database."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.pipelines.contract import Pipeline, PipelineNotWellFormed
from app.pipelines.errors import PipelineUnknown
from app.pipelines.models import PipelineRow


class Registry:
    """Pipelines by key and, once `save` ran, by the integer id of their row."""

    def __init__(self, pipelines: Iterable[Pipeline]) -> None:
        self._by_key: dict[str, Pipeline] = {}
        self._by_id: dict[int, Pipeline] = {}
        self._ids: dict[str, int] = {}
        for pipeline in pipelines:
            if not pipeline.steps and pipeline.plan_hook is None:
                raise PipelineNotWellFormed(f"{pipeline.key} has no steps")
            if pipeline.key in self._by_key:
                raise PipelineNotWellFormed(f"two pipelines are called {pipeline.key}")
            self._by_key[pipeline.key] = pipeline

    def __iter__(self) -> Iterator[Pipeline]:
        return iter(self._by_key.values())

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
        """Write each pipeline's row and learn its id. In key order, so that two starting processes do not deadlock."""
        for key, pipeline in sorted(self._by_key.items()):
            steps = [{"position": at, "name": name} for at, name in enumerate(pipeline.step_names())]
            values = {"version": pipeline.version, "title": pipeline.title, "steps": steps}
            statement = insert(PipelineRow).values(key=key, **values)
            changed = values | {"updated_at": func.now()}
            await session.execute(statement.on_conflict_do_update(index_elements=["key"], set_=changed))
        for row_id, key in await session.execute(select(PipelineRow.id, PipelineRow.key)):
            if key in self._by_key:
                self._ids[key] = row_id
                self._by_id[row_id] = self._by_key[key]
