"""What it takes for a user, a key and a session to count now, as conditions of queries."""

from __future__ import annotations

from typing import Final

from sqlalchemy import ColumnElement, func

from app.auth.models import ApiKey, Session, User

USER_IS_LIVE: Final[ColumnElement[bool]] = User.deactivated_at.is_(None)
KEY_IS_LIVE: Final[ColumnElement[bool]] = ApiKey.revoked_at.is_(None) & (
    ApiKey.expires_at.is_(None) | (ApiKey.expires_at > func.now())
)
SESSION_HAS_TIME: Final[ColumnElement[bool]] = (Session.expires_at > func.now()) & (Session.idle_ends_at > func.now())
SESSION_IS_LIVE: Final[ColumnElement[bool]] = SESSION_HAS_TIME & (Session.key_id.is_(None) | KEY_IS_LIVE)
"""In a query that joins the key that opened the session."""
