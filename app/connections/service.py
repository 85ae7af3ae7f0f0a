"""Which account an organisation uses for an outside service: its own, or the installation's where that serves it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar
from uuid import UUID

from pydantic import SecretStr
from sqlalchemy.ext.asyncio import AsyncSession

from app.connections import repository
from app.connections.contract import Account, AnyKind
from app.connections.errors import ConnectionMissing, ConnectionUnknown
from app.connections.repository import Standing
from app.connections.settings import SharingSettings
from app.kit.availability import outlast
from app.kit.data_loader import DataLoader
from app.kit.db import Database
from app.kit.declarations import raises
from app.kit.secrets.sealing import Sealer
from app.kit.web.public_address import public_path

A = TypeVar("A", bound=Account)
_SHORTEST_HINTED: Final = 12
_HINT: Final = 4


@dataclass(frozen=True, slots=True)
class Found(Generic[A]):
    """An account. `own`: the organisation's; else it is the installation's, whose addresses its operator chose."""

    account: A
    own: bool


class Connections:
    """The outside services that the rooms of this process know, and who has accounts for them."""

    def __init__(self, database: Database, sealer: Sealer, sharing: SharingSettings, kinds: Iterable[AnyKind]) -> None:
        self._database, self._sealer, self._sharing = database, sealer, sharing
        self._kinds: Mapping[str, AnyKind] = {kind.key: kind for kind in kinds}
        self._standings = DataLoader(self._read_standings)

    def __iter__(self) -> Iterator[AnyKind]:
        return iter(self._kinds.values())

    @raises(ConnectionUnknown)
    def kind(self, key: str) -> AnyKind:
        """The service of this name; raises ConnectionUnknown (404)."""
        if key not in self._kinds:
            raise ConnectionUnknown(f"There is no service {key[:60]!r}. There are: {', '.join(sorted(self._kinds))}.")
        return self._kinds[key]

    async def standing(self, organisation_id: UUID) -> Standing:
        """What decides what the organisation may use, read now."""
        return await self._standings.find(organisation_id) or Standing(organisation_id, "", False, ())

    def serves(self, standing: Standing) -> bool:
        """Whether the accounts and hosts of the installation's settings serve the organisation."""
        wanted = self._sharing.shared_with
        if wanted is None:
            return standing.has_operator
        return "*" in wanted or standing.name.lower() in wanted or str(standing.id) in wanted

    async def find(self, organisation_id: UUID, account: type[A]) -> Found[A] | None:
        """The organisation's account; hold no transaction meanwhile. Raises CannotUnseal."""

        async def look() -> Found[A] | None:
            async with self._database.transaction() as session:
                return await self.find_in(session, organisation_id, account)

        return await outlast(look)

    async def find_in(self, session: AsyncSession, organisation_id: UUID, account: type[A]) -> Found[A] | None:
        """The same, read in a transaction that is open; raises CannotUnseal."""
        kind = next(kind for kind in self._kinds.values() if kind.account is account)
        row = await repository.find_connection(session, organisation_id, kind.key)
        if row is not None:
            return Found(account.model_validate(self._sealer.unseal(row.sealed, organisation_id)), own=True)
        if kind.installation is None or not await self.is_served(session, organisation_id):
            return None
        return Found(kind.installation, own=False)

    async def list_available(self, session: AsyncSession, organisation_id: UUID) -> set[str]:
        """The services that the organisation has an account for."""
        own = await repository.list_kinds(session, organisation_id)
        if not await self.is_served(session, organisation_id):
            return own
        return own | {kind.key for kind in self._kinds.values() if kind.installation is not None}

    @raises(ConnectionMissing)
    async def check(self, session: AsyncSession, organisation_id: UUID, wanted: Iterable[str]) -> None:
        """Raise ConnectionMissing (422) when the organisation lacks an account for one of the services."""
        asked = dict.fromkeys(wanted)
        if not asked:
            return
        available = await self.list_available(session, organisation_id)
        missing = [self._kinds[key] for key in asked if key not in available]
        if missing:
            told = [{"connection": kind.key, "set_at": public_path(f"/api/connections/{kind.key}")} for kind in missing]
            raise ConnectionMissing(_explain(missing), connections=told)

    async def save(
        self, session: AsyncSession, organisation_id: UUID, kind: AnyKind, account: Account, set_by: UUID | None
    ) -> None:
        """Keep the organisation's account, encrypted, in place of the one before."""
        sealed = self._sealer.seal(account.model_dump(mode="json"), organisation_id)
        await repository.save_connection(
            session, organisation_id, kind.key, sealed=sealed, hint=_hint_of(account), set_by=set_by
        )

    def unsealed(self, organisation_id: UUID, kind: AnyKind, sealed: str) -> Any:
        """The account that a row holds; raises CannotUnseal."""
        return kind.account.model_validate(self._sealer.unseal(sealed, organisation_id))

    async def is_served(self, session: AsyncSession, organisation_id: UUID) -> bool:
        """Whether the installation's accounts and hosts serve the organisation."""
        standing = (await repository.list_standings(session, [organisation_id])).get(organisation_id)
        return standing is not None and self.serves(standing)

    async def _read_standings(self, organisation_ids: Sequence[UUID]) -> dict[UUID, Standing]:
        async with self._database.transaction() as session:
            return await repository.list_standings(session, organisation_ids)


def _hint_of(account: Account) -> str | None:
    """The last characters of the first secret, when it is long enough to lose them."""
    for _, value in account:
        if isinstance(value, SecretStr):
            secret = value.get_secret_value()
            return secret[-_HINT:] if len(secret) >= _SHORTEST_HINTED and "://" not in secret else None
    return None


def _explain(missing: Sequence[AnyKind]) -> str:
    kinds = ", ".join(kind.title for kind in missing)
    where = ", ".join(f"PUT /api/connections/{kind.key}" for kind in missing)
    return (
        f"The organisation has no account for {kinds}. An administrator sets it in the console under Connections, or"
        f" with {where}."
    )
