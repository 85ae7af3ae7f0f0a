"""The first administrator, whom every installation has, and the link that signs a person in as that user."""

from __future__ import annotations

import os
from pathlib import Path

from pydantic import SecretStr

from app.auth import service
from app.kit.db import Database


class FirstAdministrator:
    """A service that makes the user at the first start. `sign_in_token` opens the console once, after `start`."""

    def __init__(self, database: Database, home: Path, wanted_key: SecretStr | None) -> None:
        self._database, self._home, self._wanted_key = database, home, wanted_key
        self.sign_in_token = ""

    async def start(self) -> None:
        wanted = self._wanted_key.get_secret_value() if self._wanted_key else None
        async with self._database.transaction() as session:
            admin, fresh_key = await service.ensure_first_admin(session, wanted)
            self.sign_in_token = await service.add_session(session, admin.id, "link")
            if fresh_key:  # written before the commit: a key that nobody can read is worse than one that is not valid
                _write_private(self._home / "admin.key", fresh_key + "\n")

    async def stop(self) -> None:
        """Nothing is held."""


def _write_private(path: Path, text: str) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w") as file:
        os.fchmod(handle, 0o600)
        file.write(text)
