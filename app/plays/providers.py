"""Where a lead's data comes from: HubSpot's CRM search, and one HTTP provider for enrichment and LinkedIn data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol
from urllib.parse import quote

import httpx

from app.kit.placeholders import fill_text
from app.plays.data_types import DATA_BATCH_TYPES, DataBatchType
from app.plays.http_json import call_json
from app.plays.lead_data import lead_key
from app.plays.settings import PlaySettings

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


Providers = Mapping[str, Provider]


def providers_of(settings: PlaySettings) -> dict[str, Provider]:
    """The provider of each kind of data, by its name; kinds without one are left out."""
    found: dict[str, Provider] = {}
    if url := settings.data_provider_url:
        token = settings.data_provider_token
        http = HttpProvider(url, token.get_secret_value() if token else None)
        found = {kind.name: http for kind in DATA_BATCH_TYPES}
    if settings.hubspot_token:
        found["hubspot"] = HubSpot(settings.hubspot_url, settings.hubspot_token.get_secret_value())
    return found
