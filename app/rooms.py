"""The rooms of this installation, in the order in which they are started: what a room needs stands before it."""

from __future__ import annotations

import logging
from functools import cache
from importlib.metadata import entry_points

from app.accounts.room import room as accounts
from app.assets.room import room as assets
from app.audit.room import room as audit
from app.auth.room import room as auth
from app.automation.room import room as automation
from app.batches.room import room as batches
from app.connections.room import room as connections
from app.console.room import room as console
from app.events.room import room as events
from app.extractions.room import room as extractions
from app.files.room import room as files
from app.idempotency.room import room as idempotency
from app.kit.room import Room, Rooms
from app.limits.room import room as limits
from app.notifications.room import room as notifications
from app.pipelines.room import room as pipelines
from app.plays.room import room as plays
from app.registrations.room import room as registrations
from app.reports.room import room as reports
from app.results.room import room as results
from app.runner.room import room as runner
from app.tenants.room import room as tenants

log = logging.getLogger("tranche.rooms")
ENTRY_POINT_GROUP = "tranche.rooms"
BUILT_IN = (
    *(
        auth,
        audit,
        idempotency,
        limits,
        accounts,
        connections,
        files,
        pipelines,
        batches,
        results,
        events,
        notifications,
        tenants,
    ),
    *(extractions, reports, assets, registrations, plays, automation),
    runner,  # last of those that work: the steps that it runs need all of the others, and it is stopped before them
    console,
)


@cache
def all_rooms() -> Rooms:
    """The built-in rooms and those of installed packages. One that cannot be imported is logged and left out."""
    found = list(BUILT_IN)
    for point in entry_points(group=ENTRY_POINT_GROUP):
        try:
            room = point.load()
            if not isinstance(room, Room):
                raise TypeError(f"{point.value} is no Room")
            if room.name in {known.name for known in found}:
                raise ValueError(f"there is a room {room.name} already")
            found.insert(-2, room)
        except Exception:
            log.exception("the room %s does not load", point.value)
    rooms = Rooms(found)
    for room in rooms:
        if room.assemble:
            room.assemble(rooms)
    return rooms
