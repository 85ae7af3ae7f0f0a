"""Request and reply bodies of keys and sessions."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

from pydantic import AfterValidator, Field, StringConstraints, field_validator, model_validator

from app.auth.permissions import Permission, Role, Scope
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
    sign_out_path: str | None = Field(
        None,
        description="Where a browser goes once it was signed out here, to sign out of the OpenID provider as well.",
    )
    version: str


PipelineKey = Annotated[str, StringConstraints(min_length=1, max_length=100), AfterValidator(check_text)]
Scopes = Annotated[list[Scope], Field(min_length=1, max_length=4)]


class KeyCreate(Input):
    name: ShortText = Field(description="What the key is for.")
    user_id: UUID | None = Field(None, description="Whose key it is; null is your own.")
    scopes: Scopes | None = Field(
        None, description="What the key may at most; null is as much as your own key, or as another user now."
    )
    pipelines: list[PipelineKey] | None = Field(
        None,
        min_length=1,
        max_length=100,
        description="Whose batches it opens, by their keys; null is all that yours does.",
    )
    expires_at: Moment | None = Field(
        None,
        description="Without a zone it is read as UTC. A minute from now at least, and no later than your own key ends;"
        " null is as late as possible.",
    )


class KeyRotate(Input):
    overlap_hours: float = Field(24, ge=0, le=720, description="How long the old key works beside the new one.")
    expires_at: Moment | None = Field(None, description="When the new key ends; null is when the old one would have.")


class KeyRead(Output):
    id: UUID
    name: str
    hint: str = Field(description="The last characters of the key.")
    user_id: UUID
    user_name: str
    parent_id: UUID | None = Field(description="The key that it was made with, and with which it ends.")
    scopes: list[Scope] | None = Field(description="What the key may at most; null is all that its user may.")
    pipelines: list[str] | None = Field(description="Whose batches it opens, by their keys; null is all.")
    created_at: datetime
    last_used_at: datetime | None
    expires_at: datetime | None


class KeyCreated(KeyRead):
    key: str = Field(description="The key itself. It is shown only once.")


class KeyRotated(KeyCreated):
    old_key_expires_at: datetime | None = Field(description="Until when the old key works; null: it has ended.")


class KeyPage(Output):
    keys: list[KeyRead]


class SignedIn(Output):
    """A browser that is signed in."""

    id: UUID
    user_id: UUID
    user_name: str
    device: str | None = Field(description="Such as Firefox on Linux.")
    client_address: str | None = Field(description="Where it was when it signed in.")
    key_id: UUID | None = Field(description="The key that it signed in with, and with which it ends; null for a link.")
    key_name: str | None
    current: bool = Field(description="Whether this is the session that asks.")
    created_at: datetime
    last_used_at: datetime = Field(description="To the minute.")
    expires_at: datetime = Field(description="When it ends, if it is used until then.")
    idle_ends_at: datetime = Field(description="When it ends if it is not used any more.")


class SignedInPage(Output):
    sessions: list[SignedIn]
    next_cursor: str | None


class SignedOut(Output):
    ended: int = Field(description="How many browsers were signed in.")
