"""The room of organisations, users, keys and sessions."""

from __future__ import annotations

from functools import partial

from app.auth import models, session_repository
from app.auth.caller import Callers
from app.auth.dependencies import find_caller
from app.auth.resealing import Resealing
from app.auth.settings import AuthSettings
from app.auth.weights import Weights
from app.kit.container import Container
from app.kit.db import Database
from app.kit.room import Room, Rooms
from app.kit.secrets.signing import SigningKey
from app.kit.web.body_limit import Authenticate
from app.settings import Settings


def make_callers(container: Container) -> Callers:
    return Callers(container.get(Database), container.get(AuthSettings).session_idle)


def make_authenticate(container: Container) -> Authenticate:
    return partial(find_caller, callers=container.get(Callers))


def make_signing_key(container: Container) -> SigningKey:
    settings = container.get(Settings)
    return SigningKey(settings.home, settings.secret_key, settings.secret_key_previous)


def make_resealing(container: Container) -> Resealing:
    return Resealing(container.get(Database), container.get(SigningKey), container.get(Rooms))


room = Room(
    name="auth",
    models=models,
    settings=AuthSettings,
    provides={
        Callers: make_callers,
        Authenticate: make_authenticate,
        SigningKey: make_signing_key,
        Weights: lambda container: Weights(container.get(Database)),
    },
    services=lambda container: (container.get(SigningKey), make_resealing(container), container.get(Weights)),
    expiring=(session_repository.delete_expired_sessions,),
)
