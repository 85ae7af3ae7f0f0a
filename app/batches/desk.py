"""What every submission needs besides the session, and what it is checked and kept with."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final, Protocol
from uuid import UUID

from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncSession

from app.connections.service import Connections
from app.kit.declarations import raises
from app.kit.secrets.sealing import Sealer
from app.kit.secrets.secret_type import secret_paths
from app.pipelines.contract import Need, Pipeline
from app.pipelines.registry import Registry

MAIL: Final = "smtp"


class Notifier(Protocol):
    """Tells the runner that a batch has work, inside the transaction that made it.

    `jobs`: how many jobs could start now, at most; more processes are woken for many than for one.
    """

    async def notify(self, session: AsyncSession, batch_id: UUID, jobs: int) -> None: ...


@dataclass(frozen=True, slots=True)
class Desk:
    """Where batches are handed in."""

    registry: Registry
    notifier: Notifier
    sealer: Sealer
    connections: Connections

    @raises(Connections.check)
    async def check_needs(
        self,
        session: AsyncSession,
        organisation_id: UUID,
        tasks: Sequence[tuple[Pipeline, Any]],
        records: Sequence[Mapping[str, Any]],
        *,
        also: Collection[str],
        mail: bool,
    ) -> None:
        """Raise ConnectionMissing (422) when a batch would use a service that its organisation has no account for.

        `tasks`: pipelines with their checked parameters. `also`: services that its other options ask for. `mail`: it
        asks for one at its end. Where the installation's accounts serve the organisation its operator decides whether
        there is mail at all, and one that is not sent is recorded.
        """
        wanted = list(also)
        if mail and not await self.connections.is_served(session, organisation_id):
            wanted.append(MAIL)
        hooks = [(pipeline.needs_hook, params) for pipeline, params in tasks]
        if any(hook for hook, _ in hooks):
            available = await self.connections.list_available(session, organisation_id)
            for hook, params in hooks:
                if hook:
                    wanted += sorted(await hook(Need(session, organisation_id, params, records, available)))
        await self.connections.check(session, organisation_id, wanted)

    def seal(self, pipeline: Pipeline, settings: Mapping[str, Any], organisation_id: UUID) -> dict[str, Any]:
        """A pipeline's settings as they are kept: without a secret in clear."""
        sealed: dict[str, Any] = self.sealer.seal_tree(settings, organisation_id, _secret_paths(pipeline.params))
        return sealed

    def unseal(self, settings: Mapping[str, Any], organisation_id: UUID) -> dict[str, Any]:
        """The settings as they were given; raises CannotUnseal."""
        clear: dict[str, Any] = self.sealer.unseal_tree(settings, organisation_id)
        return clear


@cache
def _secret_paths(params: type[BaseModel]) -> frozenset[tuple[str, ...]]:
    return secret_paths(params)
