"""Request and reply bodies of keys and sessions."""

from __future__ import annotations

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import Field

from app.kit.schemas import Input, Moment, Output, ShortText, Text


class SignIn(Input):
    key: Text = Field(max_length=500, description="An API key.")


class UserRead(Output):
    id: UUID
    name: str
    email: str | None
    role: Literal["admin", "member"]


class OrganisationRead(Output):
    id: UUID
    name: str
    batch_life_days: int | None = None


class OrganisationUpdate(Input):
    batch_life_days: int | None = Field(
        ge=1, le=36500, description="Days that batches are kept when their pipeline sets no time; null keeps them."
    )


class SessionRead(Output):
    user: UserRead
    organisation: OrganisationRead
    version: str


class KeyCreate(Input):
    name: ShortText = Field(description="What the key is for.")
    expires_at: Moment | None = Field(None, description="Without a zone it is read as UTC.")


class KeyRead(Output):
    id: UUID
    name: str
    hint: str = Field(description="The last characters of the key.")
    user_name: str
    created_at: datetime
    last_used_at: datetime | None
    expires_at: datetime | None


class KeyCreated(KeyRead):
    key: str = Field(description="The key itself. It is shown only once.")


class KeyPage(Output):
    keys: list[KeyRead]
