"""The first administrator, whom every installation has, and the link that signs a person in as that user."""

from __future__ import annotations

import os
from hmac import compare_digest
from pathlib import Path
from typing import Final

from app.audit.actions import Action
from app.audit.record import SERVICE, Target, record
from app.auth import service, sessions
from app.auth.secrets import secret_hash
from app.auth.settings import AuthSettings
from app.kit.db import Database

ADMIN_KEY_FILE: Final = "admin.key"


class FirstAdministrator:
    """A service that makes the user at the first start, and then `sign_in_token`, which opens the console once."""

    def __init__(self, database: Database, home: Path, settings: AuthSettings) -> None:
        self._database, self._home, self._settings = database, home, settings
        self.sign_in_token = ""

    async def start(self) -> None:
        key = self._settings.admin_key
        wanted = key.get_secret_value() if key else None
        async with self._database.transaction() as session:
            admin, is_new, fresh_key = await service.ensure_first_admin(session, wanted)
            if is_new:  # at later starts nobody may be there who reads it, and it would wait in a log
                self.sign_in_token = await sessions.make_link(session, admin, self._settings.link_life)
                target = Target("user", admin.id, admin.name)
                owner = admin.organisation_id
                await record(session, SERVICE, Action.LINK_CREATED, target=target, organisation_id=owner)
            if fresh_key:  # written before the commit: a key that nobody can read is worse than one that is not valid
                write_admin_key(self._home, fresh_key)

    async def stop(self) -> None:
        """Nothing is held."""


def write_admin_key(home: Path, key: str) -> None:
    """Put the first administrator's key where only the service's user can read it."""
    handle = os.open(home / ADMIN_KEY_FILE, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w") as file:
        os.fchmod(handle, 0o600)
        file.write(key + "\n")


def has_admin_key(home: Path, key_hash: bytes) -> bool:
    """Whether the key with this hash is the one that is written there."""
    path = home / ADMIN_KEY_FILE
    return path.exists() and compare_digest(secret_hash(path.read_text("utf-8").strip()), key_hash)
