"""What it takes for an organisation, a user, a key and a session to count now, as conditions of queries."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, DateTime, Double, cast, exists, func
from sqlalchemy.orm import InstrumentedAttribute, aliased

from app.auth.models import ApiKey, Organisation, Session, User


def is_disabled(organisation_id: InstrumentedAttribute[UUID] | ColumnElement[Any]) -> ColumnElement[bool]:
    """Whether the organisation of a row is disabled: nobody of it gets in, and nothing of it starts."""
    owner = aliased(Organisation)
    return exists().where(owner.id == organisation_id, owner.disabled_at.is_not(None))


def seconds_until(*ends: InstrumentedAttribute[Any]) -> ColumnElement[float]:
    """Seconds until the first of some moments, of which each may be null: never. 1e9 where all are."""
    left = func.extract("epoch", func.least(*ends, type_=DateTime(timezone=True)) - func.now())
    return cast(func.coalesce(left, 1e9), Double)


USER_IS_ACTIVE: Final[ColumnElement[bool]] = User.deactivated_at.is_(None)
USER_IS_LIVE: Final[ColumnElement[bool]] = USER_IS_ACTIVE & ~is_disabled(User.organisation_id)
KEY_IS_LIVE: Final[ColumnElement[bool]] = ApiKey.revoked_at.is_(None) & (
    ApiKey.expires_at.is_(None) | (ApiKey.expires_at > func.now())
)
SESSION_HAS_TIME: Final[ColumnElement[bool]] = (Session.expires_at > func.now()) & (Session.idle_ends_at > func.now())
SESSION_IS_LIVE: Final[ColumnElement[bool]] = SESSION_HAS_TIME & (Session.key_id.is_(None) | KEY_IS_LIVE)
"""In a query that joins the key that opened the session."""
