"""The room of the routes for sessions, users and keys."""

from __future__ import annotations

from app.accounts.keys_router import router as keys_router
from app.accounts.router import router
from app.kit.room import Room

room = Room(name="accounts", routers=(router, keys_router))
