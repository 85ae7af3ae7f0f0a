"""The account of the ordering platform that restaurants are registered on."""

from __future__ import annotations

from collections.abc import Iterable

from pydantic import Field

from app.connections.contract import Account, AccountRefused, AnyKind, ConnectionKind, Reach, Secret
from app.kit.outbound.reading import exchange
from app.registrations.platform import MAX_ANSWER_BYTES, BaseUrl
from app.registrations.settings import PlatformSettings


class PlatformAccount(Account):
    """An ordering platform."""

    url: BaseUrl = Field(title="Address")
    token: Secret | None = Field(None, title="Bearer token")

    @property
    def headers(self) -> dict[str, str]:
        """What proves who we are."""
        return {"Authorization": f"Bearer {self.token.get_secret_value()}"} if self.token else {}


async def _try(reach: Reach, account: PlatformAccount) -> str:
    """Every platform has other paths: one that answers at its address, and does not refuse the token, is there."""
    response = await exchange(
        *(reach.http, "GET", account.url + "/"), most=MAX_ANSWER_BYTES, headers=account.headers, follow_redirects=False
    )
    if response.status_code in (401, 403):
        raise AccountRefused("the token is not taken")
    if response.status_code >= 500:
        response.raise_for_status()
    return f"The platform answered with status {response.status_code}."


def account_kinds(settings: PlatformSettings) -> Iterable[AnyKind]:
    """The platform, with the account of the installation's settings."""
    shared = None
    if settings.platform_url is not None:
        shared = PlatformAccount(url=settings.platform_url, token=settings.platform_token)
    return (ConnectionKind("platform", "Ordering platform", PlatformAccount, _try, shared, "TRANCHE_PLATFORM_URL"),)
