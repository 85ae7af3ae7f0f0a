"""Says in the audit log that a process started, and with which settings."""

from __future__ import annotations

import socket
from importlib.metadata import version
from typing import Any

from pydantic import SecretStr

from app.audit.actions import Action
from app.audit.record import SERVICE, Target, record
from app.kit.container import Container
from app.kit.db import Database
from app.kit.room import Rooms
from app.kit.secrets.in_logs import HIDDEN, LogSecrets
from app.settings import Settings


def settings_told(container: Container) -> dict[str, Any]:
    """Every setting that somebody set, by name; of secrets only that they are set."""
    settings = container.get(Settings)
    secrets = LogSecrets()
    secrets.add(settings.secrets())
    sections = [settings, *(settings.of(room.settings) for room in container.get(Rooms) if room.settings)]
    told: dict[str, Any] = {}
    for section in sections:
        for name in sorted(section.model_fields_set):
            value = getattr(section, name)
            told[name] = HIDDEN if isinstance(value, SecretStr) else secrets.hide(str(value))
    return told


class StartRecord:
    """A service whose start is an entry."""

    def __init__(self, container: Container) -> None:
        self._database, self._details = container.get(Database), settings_told(container)

    async def start(self) -> None:
        async with self._database.transaction() as session:
            details = {"version": version("tranche"), "settings": self._details}
            await record(
                session,
                SERVICE,
                Action.SERVICE_STARTED,
                target=Target("machine", None, socket.gethostname()),
                details=details,
            )

    async def stop(self) -> None:
        """Nothing is held."""
