"""Request and reply bodies of keys and sessions."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

from pydantic import AfterValidator, Field, StringConstraints, field_validator, model_validator

from app.auth.permissions import Permission, Role
from app.kit.schemas import Input, Moment, Output, ShortText, Text, Zone, check_text


class SignIn(Input):
    key: Text = Field(max_length=500, description="An API key.")


class UserRead(Output):
    id: UUID
    name: str
    email: str | None
    role: Role
    operator: bool = Field(False, description="May operate the installation as well.")


Word = Annotated[str, StringConstraints(min_length=1, max_length=40), AfterValidator(check_text)]
Customer = Annotated[str, StringConstraints(min_length=1, max_length=20), AfterValidator(check_text)]


class NamingRead(Output):
    """What an organisation says of the names of its files."""

    views: dict[str, list[str]] = Field(
        default_factory=dict,
        description="Views of pictures, each with the words that mean it, besides the built-in ones.",
    )
    not_views: list[str] = Field(default_factory=list, description="Words and views that are none here.")
    customers: list[str] = Field(
        default_factory=list, description="Customers that names begin with, as their prefix is to be written."
    )
    not_customers: list[str] = Field(default_factory=list, description="What is never taken for a customer.")


class NamingUpdate(Input):
    """What an organisation says of the names of its files; it replaces what it said before."""

    views: dict[Word, Annotated[list[Word], Field(max_length=200)]] = Field(default_factory=dict, max_length=200)
    not_views: list[Word] = Field(default_factory=list, max_length=1000)
    customers: list[Customer] = Field(default_factory=list, max_length=5000)
    not_customers: list[Customer] = Field(default_factory=list, max_length=5000)

    @field_validator("views")
    @classmethod
    def check_views(cls, views: dict[str, list[str]]) -> dict[str, list[str]]:
        owners: dict[str, str] = {}
        for view, words in views.items():
            for word in (view, *words):
                owner = owners.setdefault(word.casefold(), view)
                if owner != view:
                    raise ValueError(f"{word!r} cannot mean both {owner!r} and {view!r}")
        return views

    @model_validator(mode="after")
    def check_customers(self) -> Self:
        if both := {name.casefold() for name in self.customers} & {name.casefold() for name in self.not_customers}:
            raise ValueError(f"{min(both)!r} cannot be a customer and none")
        return self


class OrganisationRead(Output):
    id: UUID
    name: str
    batch_life_days: int | None = None
    time_zone: str = Field(description="Its IANA name; the day in the names of batches is the day there.")
    naming: NamingRead
    members_manage_all: bool = Field(
        False, description="Whether members may change, cancel, delete and share what other members made."
    )


class OrganisationUpdate(Input):
    """What an administrator can change; members that are not sent stay as they are."""

    batch_life_days: int | None = Field(
        None,
        ge=1,
        le=36500,
        description="Days that batches are kept when their pipeline sets no time; null keeps them.",
    )
    time_zone: Zone | None = Field(None, description="An IANA name such as Europe/Berlin; null is UTC.")
    naming: NamingUpdate | None = Field(None, description="Null: the built-in words only.")
    members_manage_all: bool | None = Field(
        None, description="Whether members manage what other members made; null is false, as it is at first."
    )


class SessionRead(Output):
    user: UserRead
    organisation: OrganisationRead
    permissions: list[Permission] = Field(description="What the key or session may do.")
    pipelines: list[str] | None = Field(None, description="The pipelines whose batches it opens; null for all.")
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
