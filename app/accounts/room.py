"""The room of the routes for sessions, users and keys."""

from __future__ import annotations

from app.accounts.keys_router import router as keys_router
from app.accounts.router import router
from app.accounts.sessions_router import router as sessions_router
from app.accounts.sign_in_router import router as sign_in_router
from app.auth import repository
from app.kit.early_answer import SMALL_BODY
from app.kit.room import Room
from app.limits.quotas import Quota

room = Room(
    name="accounts",
    routers=(router, sign_in_router, sessions_router, keys_router),
    body_limits=lambda container: dict.fromkeys(("/api/session", "/sign-in"), SMALL_BODY),
    quota_counts={Quota.KEYS: repository.count_keys, Quota.USERS: repository.count_users},
)
