"""Request and reply bodies of users, invitations and organisations."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, Field, StringConstraints

from app.accounts.schemas import UserRead
from app.auth.permissions import Role
from app.kit.schemas import Input, Output, ShortText, check_text

Email = Annotated[
    str,
    StringConstraints(max_length=254, pattern=r"^[^@\s<>,;]+@[^@\s<>,;]+$"),
    AfterValidator(check_text),
]


class UserDetail(UserRead):
    active: bool = Field(description="False once deactivated: the user cannot sign in, and their keys do not work.")
    created_at: datetime
    deactivated_at: datetime | None


class UserListed(UserDetail):
    last_used_at: datetime | None = Field(description="When one of their keys was used last.")


class UserPage(Output):
    users: list[UserListed]
    next_cursor: str | None


class UserCreate(Input):
    """A user without a credential: a program, for which an administrator makes a key. People are better invited."""

    name: ShortText
    email: Email | None = None
    role: Role = "member"


class UserUpdate(Input):
    """Members that are not sent stay as they are."""

    name: ShortText | None = None
    email: Email | None = None
    role: Role | None = None
    active: bool | None = Field(
        None, description="False: keys and sessions end at once; what the user made stays. True: they work again."
    )


class UserUpdateByOperator(UserUpdate):
    operator: bool | None = Field(None, description="Whether the user operates the installation as well.")


class InvitationCreate(Input):
    name: ShortText = Field(description="Whom you invite: the name that the user will have.")
    email: Email | None = Field(None, description="The invitation is sent there where the installation sends mail.")
    role: Role = "member"
    days: int = Field(7, ge=1, le=30, description="How long it can be accepted.")


class InvitationRead(Output):
    id: UUID
    name: str
    email: str | None
    role: Role
    created_at: datetime
    expires_at: datetime


class InvitationCreated(InvitationRead):
    code: str = Field(description="Accepts the invitation, once. It is shown only now.")
    link: str = Field(description="The page that accepts it; a path where TRANCHE_PUBLIC_URL is not set.")
    mailed_to: str | None = Field(description="The address it is sent to, if the installation sends mail.")


class InvitationPage(Output):
    invitations: list[InvitationRead]
    next_cursor: str | None


class InvitationAccept(Input):
    code: str = Field(max_length=500)


class InvitationAccepted(Output):
    user: UserRead
    organisation_id: UUID
    organisation_name: str
    key: str = Field(description="A key of the new user. It is shown only once.")


class OrganisationFigures(Output):
    id: UUID
    name: str
    created_at: datetime
    disabled_at: datetime | None = Field(description="Since when it is disabled; null where it is not.")
    figures: dict[str, int] = Field(
        description="How many `users` can sign in and `administrators` are among them, and what every room counts:"
        " `batches`, those that are `open`, `files` and their `bytes`."
    )


class OrganisationPage(Output):
    organisations: list[OrganisationFigures]
    next_cursor: str | None


class OrganisationCreate(Input):
    name: ShortText


class OrganisationChange(Input):
    """Members that are not sent stay as they are."""

    name: ShortText | None = None
    disabled: bool | None = Field(
        None,
        description="True: nobody of it gets in, sessions end, nothing starts, result codes are closed."
        " False: keys work again, and what waited goes on.",
    )


class OrganisationNamed(Output):
    id: UUID
    name: str
    created_at: datetime
    disabled_at: datetime | None = Field(description="Since when it is disabled; null where it is not.")
