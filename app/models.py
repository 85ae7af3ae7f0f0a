"""Every table of every room: what migrations and the architecture test look at."""

from __future__ import annotations

from app.kit.db import Base
from app.rooms import all_rooms

tables = [room.models for room in all_rooms() if room.models]
metadata = Base.metadata
