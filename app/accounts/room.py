"""The room of the routes for sessions, keys, users, invitations and organisations."""

from __future__ import annotations

from app.accounts import models, repository
from app.accounts.invitation_page_router import router as invitation_page_router
from app.accounts.invitations_router import router as invitations_router
from app.accounts.keys_router import router as keys_router
from app.accounts.organisations_router import router as organisations_router
from app.accounts.router import router
from app.accounts.sessions_router import router as sessions_router
from app.accounts.sign_in_router import router as sign_in_router
from app.accounts.users_router import router as users_router
from app.auth import repository as auth_repository
from app.kit.early_answer import SMALL_BODY
from app.kit.room import Room
from app.limits.quotas import Quota

room = Room(
    name="accounts",
    routers=(
        router,
        sign_in_router,
        sessions_router,
        keys_router,
        users_router,
        invitations_router,
        organisations_router,
        invitation_page_router,
    ),
    models=models,
    expiring=(repository.delete_expired_invitations,),
    body_limits=lambda container: dict.fromkeys(
        ("/api/session", "/sign-in", "/api/invitations/accept", "/invitation"), SMALL_BODY
    ),
    quota_counts={Quota.KEYS: auth_repository.count_keys, Quota.USERS: auth_repository.count_users},
)
