"""Accounts of AI providers that read sheets, and the clients that use them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal
from uuid import UUID

import httpx
from pydantic import Field

from app.connections.contract import Account, AccountRefused, AnyKind, ConnectionKind, Reach, Secret
from app.connections.outbound import OutboundClients
from app.connections.service import Connections
from app.extractions.provider import Provider
from app.extractions.settings import AiSettings
from app.kit.schemas import WebAddress
from app.kit.shares import Weigh, alike
from app.pipelines.contract import StepContext


class AiAccount(Account):
    """An AI provider and the model that reads sheets."""

    provider: Literal["openai", "openai-responses", "anthropic"] = Field(
        title="Provider", description="Chat completions, responses, or messages."
    )
    model: str = Field(min_length=1, max_length=200, title="Model")
    key: Secret | None = Field(None, title="Key")
    base_url: WebAddress | None = Field(None, title="Address", description="Unset is the provider's own.")


def make_provider(
    account: AiAccount, settings: AiSettings, client: httpx.AsyncClient | None = None, weigh: Weigh = alike
) -> Provider:
    """A client of the provider; without `client` it has one of its own, for an address that its operator chose."""
    return Provider(
        account.provider,
        model=account.model,
        key=account.key.get_secret_value() if account.key else "",
        base_url=account.base_url,
        timeout=settings.ai_timeout_seconds,
        max_file_bytes=settings.ai_max_file_bytes,
        max_output_tokens=settings.ai_max_output_tokens,
        parallel=settings.ai_parallel,
        client=client,
        weigh=weigh,
    )


class AiProviders:
    """The provider of each organisation: its own, or that of the installation's settings."""

    def __init__(
        self, connections: Connections, clients: OutboundClients, settings: AiSettings, weigh: Weigh = alike
    ) -> None:
        self._connections, self._clients, self._settings = connections, clients, settings
        shared = installation_account(settings)
        self._shared = make_provider(shared, settings, weigh=weigh) if shared else None
        self._own: dict[UUID, tuple[Any, Provider]] = {}

    async def start(self) -> None:
        if self._shared:
            await self._shared.start()

    async def stop(self) -> None:
        if self._shared:
            await self._shared.stop()

    async def of(self, ctx: StepContext) -> Provider | None:
        """The provider for a batch, or None when its organisation has no account."""
        organisation_id = ctx.batch.organisation_id
        found = await self._connections.find(organisation_id, AiAccount)
        if found is None or not found.own:
            return self._shared if found else None
        known = self._own.get(organisation_id)
        account = found.account.model_dump(mode="json")
        if known is None or known[0] != account:  # kept, so that its turns hold for all of the organisation's batches
            provider = make_provider(found.account, self._settings, self._clients.of(organisation_id))
            known = self._own[organisation_id] = account, provider
        return known[1]


def installation_account(settings: AiSettings) -> AiAccount | None:
    """The account of the installation's settings."""
    if settings.ai_provider is None:
        return None
    return AiAccount.model_construct(
        provider=settings.ai_provider, model=settings.ai_model, key=settings.ai_key, base_url=settings.ai_base_url
    )


def account_kinds(settings: AiSettings) -> Iterable[AnyKind]:
    """The AI provider, with the account of the installation's settings."""

    async def test(reach: Reach, account: AiAccount) -> str:
        """Lists models, which costs nothing."""
        response = await make_provider(account, settings, reach.http).list_models()
        if response.status_code in (401, 403):
            raise AccountRefused("the key is not taken")
        response.raise_for_status()
        return f"{account.provider} takes the key."

    shared = installation_account(settings)
    return (ConnectionKind("ai", "AI provider", AiAccount, test, shared, "TRANCHE_AI_PROVIDER"),)
