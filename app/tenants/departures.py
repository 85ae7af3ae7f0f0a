"""Removing one user for good; what the user made stays with the organisation."""

from __future__ import annotations

from uuid import UUID

from app.accounts import people
from app.audit.actions import Action
from app.audit.record import Actor, Target, record
from app.auth.caller import Caller
from app.kit.db import Database
from app.kit.declarations import raises
from app.tenants import repository


@raises(people.change_user)
async def remove_user(database: Database, who: Caller | Actor, organisation_id: UUID, user_id: UUID) -> None:
    """Deactivate a user, make what they submitted nobody's, and remove them; raises what `change_user` does.

    Batches change a few at a time, so that none is held up for long: asked again, it goes on where it was interrupted.
    """
    async with database.transaction() as session:
        await people.change_user(session, who, organisation_id, user_id, {"active": False})
    while True:
        async with database.transaction() as session:
            if not await repository.release_batches(session, user_id):
                break
    async with database.transaction() as session:
        user = await people.get_user(session, organisation_id, user_id)
        target = Target("user", user.id, user.name)
        await session.delete(user)
        await record(session, who, Action.USER_DELETED, target=target, organisation_id=organisation_id)
