"""Where a lead's data comes from: HubSpot's CRM search, and one HTTP provider for enrichment and LinkedIn data."""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol
from urllib.parse import quote
from uuid import UUID

import httpx

from app.connections.service import Connections
from app.kit.placeholders import fill_text
from app.plays.accounts import DataProviderAccount, HubSpotAccount
from app.plays.data_types import DataBatchType
from app.plays.http_json import call_json
from app.plays.lead_data import lead_key

HUBSPOT_PROPERTIES: Final = (
    *("email", "firstname", "lastname", "jobtitle", "company", "phone", "website"),
    *("lifecyclestage", "hs_lead_status", "hubspot_owner_id", "createdate", "lastmodifieddate"),
)


class Provider(Protocol):
    """Fetches data of one kind."""

    @property
    def name(self) -> str: ...

    async def fetch(self, http: httpx.AsyncClient, kind: DataBatchType, lead: Mapping[str, Any]) -> dict[str, Any]:
        """The lead's data: `{"found": false}` when the provider knows nothing. Raises what a step may raise."""
        ...


@dataclass(frozen=True, slots=True)
class HubSpot:
    """`POST /crm/v3/objects/contacts/search`, by e-mail when the lead has one, else by its words."""

    base_url: str
    token: str
    name: str = "hubspot"

    async def fetch(self, http: httpx.AsyncClient, kind: DataBatchType, lead: Mapping[str, Any]) -> dict[str, Any]:
        body: dict[str, Any] = {"properties": list(HUBSPOT_PROPERTIES), "limit": 1}
        if email := lead.get("email"):
            filters = [{"propertyName": "email", "operator": "EQ", "value": str(email)}]
            body["filterGroups"] = [{"filters": filters}]
        else:
            body["query"] = lead_key(lead)
        url = f"{self.base_url.rstrip('/')}/crm/v3/objects/contacts/search"
        reply = await call_json(http, "POST", url, headers={"Authorization": f"Bearer {self.token}"}, body=body)
        results = reply.get("results") if isinstance(reply, dict) else None
        if not results:
            return {"found": False}
        contact = results[0]
        return {"found": True, "id": contact.get("id"), **(contact.get("properties") or {})}


@dataclass(frozen=True, slots=True)
class HttpProvider:
    """`GET` of an address with `{{type}}` and `{{lead}}` in it; 404 says that nothing is known."""

    url: str
    token: str | None
    name: str = "http"

    async def fetch(self, http: httpx.AsyncClient, kind: DataBatchType, lead: Mapping[str, Any]) -> dict[str, Any]:
        values = {"type": kind.name, "number": kind.number, "lead": lead_key(lead), "email": lead.get("email")}
        url = fill_text(self.url, values, lambda value: quote(value, safe=""))
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        reply = await call_json(http, "GET", url, headers=headers, missing=True)
        if reply is None:
            return {"found": False}
        return {"found": True, **reply} if isinstance(reply, dict) else {"found": True, "items": reply}


async def find_provider(connections: Connections, organisation_id: UUID, kind: DataBatchType) -> Provider | None:
    """The provider of one kind of data for an organisation: HubSpot's own, else the one for everything."""
    if kind.name == "hubspot" and (hubspot := await connections.find(organisation_id, HubSpotAccount)):
        return HubSpot(hubspot.account.url, hubspot.account.token.get_secret_value())
    provider = await connections.find(organisation_id, DataProviderAccount)
    if provider is None:
        return None
    token = provider.account.token
    return HttpProvider(provider.account.url, token.get_secret_value() if token else None)


def connection_of(kind: DataBatchType, available: Container[str]) -> str | None:
    """The service that lacks an account for this kind of data; None when one is there."""
    if "data_provider" in available or (kind.name == "hubspot" and "hubspot" in available):
        return None
    return "hubspot" if kind.name == "hubspot" else "data_provider"
