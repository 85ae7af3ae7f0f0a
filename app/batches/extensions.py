"""What rooms above add to batches and jobs: options that a submission may carry, and members of the replies.

A batch does not know what a workload keeps with it, so its room declares extensions and keeps their values in
tables of its own.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, Protocol
from uuid import UUID

from pydantic import create_model
from sqlalchemy.ext.asyncio import AsyncSession

from app.batches.models import Job
from app.kit.schemas import Input, Output


class BatchExtension(Protocol):
    """Options and reply members of batches that belong to one room."""

    @property
    def options(self) -> type[Input]:
        """What a submission may say besides `BatchOptions`; every field has a default."""
        ...

    @property
    def members(self) -> type[Output]:
        """What replies show of each batch; every field has a default, for batches that `read` leaves out."""
        ...

    def services(self, options: Any) -> Collection[str]:
        """The outside services that the options ask for, by the keys of their connections."""
        ...

    @property
    def starts(self) -> Mapping[str, str]:
        """For options that make a batch of another pipeline follow: the key of that pipeline, by the option's name."""
        ...

    async def find_options(self, session: AsyncSession, batch_id: UUID) -> Any:
        """The options of a batch as they were kept, or None."""
        ...

    async def save(self, session: AsyncSession, batch_id: UUID, options: Any) -> None:
        """Keep the options of a new batch, in the transaction that writes it."""
        ...

    async def copy(self, session: AsyncSession, batch_id: UUID, new_batch_id: UUID) -> None:
        """Give a retry or restart of a batch the same options."""
        ...

    async def read(self, session: AsyncSession, batch_ids: Sequence[UUID]) -> Mapping[UUID, Mapping[str, Any]]:
        """The members of those batches that have any."""
        ...


class JobExtension(Protocol):
    """Reply members of jobs that belong to one room, read from the job's row alone."""

    @property
    def members(self) -> type[Output]: ...

    def read(self, job: Job) -> Mapping[str, Any]: ...


class Extensions:
    """Those of the rooms of this program. They are facts about its code, the same for every installation in it."""

    def __init__(self) -> None:
        self.of_batches: list[BatchExtension] = []
        self.of_jobs: list[JobExtension] = []
        self._options: type[Input] = Input

    def add(self, of_batches: Iterable[BatchExtension], of_jobs: Iterable[JobExtension]) -> None:
        """Take in the extensions of a room; those that are known already stay as they are."""
        self.of_batches += [extension for extension in of_batches if extension not in self.of_batches]
        self.of_jobs += [extension for extension in of_jobs if extension not in self.of_jobs]
        bases = tuple(extension.options for extension in self.of_batches)
        self._options = create_model("ExtensionOptions", __base__=bases) if bases else Input

    @property
    def option_names(self) -> frozenset[str]:
        return frozenset(self._options.model_fields)

    def check_options(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """The values as their types; raises pydantic's ValidationError for wrong ones and for unknown names."""
        return self._options.model_validate(values).model_dump(exclude_unset=True)

    def services(self, values: Mapping[str, Any]) -> set[str]:
        """The outside services that the options of a submission ask for."""
        return {key for extension in self.of_batches for key in extension.services(_own_options(extension, values))}

    async def services_of(self, session: AsyncSession, batch_id: UUID) -> set[str]:
        """The outside services that a batch asked for."""
        found: set[str] = set()
        for extension in self.of_batches:
            options = await extension.find_options(session, batch_id)
            found.update(extension.services(options) if options is not None else ())
        return found

    @property
    def starts(self) -> dict[str, str]:
        """The pipelines that options let follow, by the options' names."""
        return {name: key for extension in self.of_batches for name, key in extension.starts.items()}

    def pipelines(self, values: Mapping[str, Any]) -> set[str]:
        """The pipelines of the batches that the options of a submission let follow."""
        return {key for extension in self.of_batches for key in _started(extension, _own_options(extension, values))}

    async def pipelines_of(self, session: AsyncSession, batch_id: UUID) -> set[str]:
        """The pipelines of the batches that are to follow a batch."""
        found: set[str] = set()
        for extension in self.of_batches:
            options = await extension.find_options(session, batch_id) if extension.starts else None
            found.update(_started(extension, options) if options is not None else ())
        return found

    async def save(self, session: AsyncSession, batch_id: UUID, values: Mapping[str, Any]) -> None:
        """Keep the options of a new batch."""
        for extension in self.of_batches:
            await extension.save(session, batch_id, _own_options(extension, values))

    async def copy(self, session: AsyncSession, batch_id: UUID, new_batch_id: UUID) -> None:
        """Give a retry or restart the same options."""
        for extension in self.of_batches:
            await extension.copy(session, batch_id, new_batch_id)

    async def read(self, session: AsyncSession, batch_ids: Sequence[UUID]) -> dict[UUID, dict[str, Any]]:
        """The members of each of the batches."""
        found: dict[UUID, dict[str, Any]] = {batch_id: {} for batch_id in batch_ids}
        for extension in self.of_batches:
            known = await extension.read(session, batch_ids) if batch_ids else {}
            defaults = extension.members().model_dump()
            for batch_id, members in found.items():
                members.update(defaults | dict(known.get(batch_id, {})))
        return found

    def read_job(self, job: Job) -> dict[str, Any]:
        """The members of one job."""
        found: dict[str, Any] = {}
        for extension in self.of_jobs:
            found |= extension.members().model_dump() | dict(extension.read(job))
        return found

    def describe_options(self, schema: dict[str, Any]) -> None:
        """Add the options to the JSON schema of a submission."""
        _describe(schema, [self._options], required=False)

    def describe_batch(self, schema: dict[str, Any]) -> None:
        """Add the members of batches to a JSON schema."""
        _describe(schema, [extension.members for extension in self.of_batches], required=True)

    def describe_job(self, schema: dict[str, Any]) -> None:
        """Add the members of jobs to a JSON schema."""
        _describe(schema, [extension.members for extension in self.of_jobs], required=True)


def _own_options(extension: BatchExtension, values: Mapping[str, Any]) -> Input:
    return extension.options.model_validate(
        {name: value for name, value in values.items() if name in extension.options.model_fields}
    )


def _started(extension: BatchExtension, options: Any) -> set[str]:
    return {key for name, key in extension.starts.items() if getattr(options, name)}


def _describe(schema: dict[str, Any], models: Sequence[type[Input] | type[Output]], *, required: bool) -> None:
    schema.pop("additionalProperties", None)
    for model in models:
        members = model.model_json_schema().get("properties", {})
        schema.setdefault("properties", {}).update(members)
        if required:
            schema["required"] = [*schema.get("required", []), *members]


EXTENSIONS = Extensions()
