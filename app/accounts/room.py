"""The room of the routes for signing in, sessions, keys, users, invitations and organisations."""

from __future__ import annotations

from app.accounts import models, repository
from app.accounts.administrator import FirstAdministrator
from app.accounts.invitation_page_router import router as invitation_page_router
from app.accounts.invitations_router import router as invitations_router
from app.accounts.keys_router import router as keys_router
from app.accounts.openid import openid_repository
from app.accounts.openid.logout_router import BACK_CHANNEL
from app.accounts.openid.logout_router import router as logout_router
from app.accounts.openid.methods_router import router as methods_router
from app.accounts.openid.provider import Provider
from app.accounts.openid.router import router as openid_router
from app.accounts.openid.settings import OidcSettings
from app.accounts.organisations_router import router as organisations_router
from app.accounts.router import router
from app.accounts.sessions_router import router as sessions_router
from app.accounts.sign_in_router import router as sign_in_router
from app.accounts.users_router import router as users_router
from app.auth import repository as auth_repository
from app.auth.settings import AuthSettings
from app.kit.container import Container
from app.kit.db import Database
from app.kit.room import Room
from app.kit.web.early_answer import SMALL_BODY
from app.limits.quotas import Quota
from app.settings import Settings


def make_first_administrator(container: Container) -> FirstAdministrator:
    return FirstAdministrator(container.get(Database), container.get(Settings).home, container.get(AuthSettings))


def make_provider(container: Container) -> Provider:
    settings = container.get(Settings)
    return Provider(container.get(OidcSettings), settings.base_url, settings.outbound_allow_list)


room = Room(
    name="accounts",
    routers=(
        router,
        sign_in_router,
        openid_router,
        logout_router,
        methods_router,
        sessions_router,
        keys_router,
        users_router,
        invitations_router,
        organisations_router,
        invitation_page_router,
    ),
    models=models,
    settings=OidcSettings,
    provides={FirstAdministrator: make_first_administrator, Provider: make_provider},
    http_services=lambda container: (container.get(FirstAdministrator), container.get(Provider)),
    expiring=(repository.delete_expired_invitations, openid_repository.delete_spent),
    body_limits=lambda container: dict.fromkeys(
        ("/api/session", "/sign-in", "/api/invitations/accept", "/invitation", BACK_CHANNEL), SMALL_BODY
    ),
    quota_counts={Quota.KEYS: auth_repository.count_keys, Quota.USERS: auth_repository.count_users},
)
