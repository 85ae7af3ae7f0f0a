"""The room of Idempotency-Key."""

from __future__ import annotations

from app.idempotency import models, repository
from app.kit.room import Room

room = Room(name="idempotency", models=models, expiring=(repository.delete_expired,))
