"""Accounts of the services that data of leads comes from."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints

from app.connections.contract import Account, AccountRefused, AnyKind, ConnectionKind, Reach, Secret
from app.kit.outbound.addresses import UrlNotAllowed, parse_url
from app.kit.outbound.reading import exchange
from app.kit.schemas import WebAddress, check_text
from app.plays.settings import PlaySettings

MOST_ANSWERED = 1024 * 1024


def _check_template(url: str) -> str:
    try:
        parse_url(check_text(url).replace("{{", "").replace("}}", ""))
    except UrlNotAllowed as error:
        raise ValueError(str(error)) from None
    if "{{" in url.partition("://")[2].partition("/")[0]:
        raise ValueError("must have no placeholder in its host")
    return url


class HubSpotAccount(Account):
    """A private app of HubSpot."""

    token: Secret = Field(title="Access token")
    url: WebAddress = Field("https://api.hubapi.com", title="API")


class DataProviderAccount(Account):
    """Where enrichment and LinkedIn data of a lead comes from."""

    url: Annotated[str, StringConstraints(max_length=2000), AfterValidator(_check_template)] = Field(
        title="Address", description="With {{type}} and {{lead}} in it."
    )
    token: Secret | None = Field(None, title="Bearer token")


async def _try_hubspot(reach: Reach, account: HubSpotAccount) -> str:
    headers = {"Authorization": f"Bearer {account.token.get_secret_value()}"}
    url = f"{account.url}/crm/v3/objects/contacts?limit=1&properties=email"
    response = await exchange(reach.http, "GET", url, most=MOST_ANSWERED, headers=headers)
    if response.status_code in (401, 403):
        raise AccountRefused("the token may not read contacts")
    response.raise_for_status()
    return "HubSpot lets this token read contacts."


async def _try_provider(reach: Reach, account: DataProviderAccount) -> str:
    """Asks for nobody: that nothing is known of them is the answer of one that works."""
    token = account.token.get_secret_value() if account.token else None
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    url = account.url.replace("{{", "").replace("}}", "").replace(" ", "")
    response = await exchange(reach.http, "GET", url, most=MOST_ANSWERED, headers=headers)
    if response.status_code in (401, 403):
        raise AccountRefused("the token is not taken")
    if response.status_code != 404:
        response.raise_for_status()
    return f"The provider answered with status {response.status_code}."


def account_kinds(settings: PlaySettings) -> Iterable[AnyKind]:
    """Both services, with the accounts of the installation's settings."""
    hubspot = provider = None
    if settings.hubspot_token is not None:
        hubspot = HubSpotAccount.model_construct(token=settings.hubspot_token, url=settings.hubspot_url)
    if settings.data_provider_url is not None:
        provider = DataProviderAccount.model_construct(
            url=settings.data_provider_url, token=settings.data_provider_token
        )
    return (
        ConnectionKind("hubspot", "HubSpot", HubSpotAccount, _try_hubspot, hubspot, "TRANCHE_HUBSPOT_TOKEN"),
        ConnectionKind(
            *("data_provider", "Data provider", DataProviderAccount, _try_provider),
            provider,
            "TRANCHE_DATA_PROVIDER_URL",
        ),
    )
