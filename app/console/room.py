"""The room of the browser console."""

from __future__ import annotations

from app.console.router import router
from app.kit.room import Room

room = Room(name="console", routers=(router,))
