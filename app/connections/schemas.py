"""Request and reply bodies of connections and of what organisations may reach."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from pydantic import Field, StringConstraints

from app.kit.schemas import Input, JsonObject, Output

Entry = Annotated[str, StringConstraints(min_length=1, max_length=255, pattern=r"^[A-Za-z0-9.:/_-]+$")]


class ConnectionInput(Input):
    """The whole account, with its secrets: it replaces the one before."""

    account: JsonObject = Field(description="As the service's `account_schema` says.")


class ConnectionRead(Output):
    """A service, and whether the organisation has an account for it; secrets are never shown."""

    kind: str
    title: str
    source: str = Field(description="`own`, `installation` where the operator's account serves it, or `none`.")
    account: dict[str, Any] | None = Field(description="The organisation's own, its secrets hidden.")
    hint: str | None = Field(description="The last characters of the secret.")
    set_by: str | None
    set_at: datetime | None
    account_schema: dict[str, Any] = Field(description="What an account consists of, as JSON schema.")


class ConnectionPage(Output):
    connections: list[ConnectionRead]
    outbound_allow: list[str] = Field(description="What the organisation may reach besides public addresses.")


class ConnectionTested(Output):
    """The service took the account."""

    works: bool = True
    detail: str


class AllowanceInput(Input):
    allow: list[Entry] = Field(max_length=200, description="Hosts and networks, such as files.intranet or 10.1.0.0/16.")


class AllowanceRead(Output):
    """What an organisation may reach besides public addresses."""

    allow: list[str] = Field(description="Its own list.")
    installation: list[str] = Field(description="What TRANCHE_OUTBOUND_ALLOW adds where it serves the organisation.")
    set_at: datetime | None
