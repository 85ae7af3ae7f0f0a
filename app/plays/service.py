"""Plays and the data batches they require. Who may change a play: its owner, and administrators."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy import func
from sqlalchemy.ext.asyncio import AsyncSession

from app.audit.actions import Action
from app.audit.record import Target, record
from app.auth.caller import Caller
from app.auth.ownership import check_owner
from app.kit.declarations import raises
from app.kit.errors import Problem, existing
from app.kit.parts import beside_the_loop
from app.kit.secrets.edits import SecretWanted, check_secrets_stay, with_secrets_of
from app.kit.secrets.sealing import Sealer
from app.plays import repository
from app.plays.data_types import what_is_wrong
from app.plays.errors import PlayNotFound, RequirementsNotValid
from app.plays.models import Play, PlayChange
from app.plays.schemas import MappingInput, PlayCreate, PlayUpdate

SEALED_FIELDS = ("variables", "play_steps")
"""Of a play: what may have secrets in it."""
log = logging.getLogger("tranche.plays")


@raises(PlayNotFound)
async def get_play(session: AsyncSession, caller: Caller, play_id: int) -> Play:
    """The play; raises PlayNotFound (404)."""
    return existing(await repository.find_play(session, caller.organisation_id, play_id), PlayNotFound)


@raises(PlayNotFound, check_owner)
async def get_own_play(session: AsyncSession, caller: Caller, play_id: int) -> Play:
    """The play, locked for a change; raises PlayNotFound (404) or NotOwner (403)."""
    play = existing(await repository.find_play(session, caller.organisation_id, play_id, lock=True), PlayNotFound)
    await check_owner(session, caller, play.owner_id)
    return play


@raises(RequirementsNotValid)
async def add_play(session: AsyncSession, caller: Caller, sealer: Sealer, body: PlayCreate) -> Play:
    """A new play of the caller; its secrets are encrypted."""
    fields = body.model_dump(exclude={"required_batches"})
    own = {name: fields[name] for name in SEALED_FIELDS}
    fields |= await beside_the_loop(own, partial(sealer.seal_tree, own, caller.organisation_id))
    fields["id"] = await repository.draw_id(session)
    play = Play(organisation_id=caller.organisation_id, owner_id=caller.user_id, **fields)
    session.add(play)
    await session.flush()
    if body.required_batches:
        await set_requirements(session, caller, play, body.required_batches)
    return play


@raises(get_own_play, SecretWanted)
async def update_play(session: AsyncSession, caller: Caller, sealer: Sealer, play_id: int, body: PlayUpdate) -> Play:
    """Change what was sent; runs that have started keep the play as it was.

    What is still hidden in it is the secret that was there; raises SecretWanted (422) where it could go elsewhere.
    """
    play = await get_own_play(session, caller, play_id)
    changes = body.model_dump(exclude_unset=True)
    known = {name: getattr(play, name) for name in SEALED_FIELDS}
    sent = {name: changes[name] for name in SEALED_FIELDS if changes.get(name) is not None}
    if sent:
        both = [known, sent]
        changes |= await beside_the_loop(both, partial(_merged, sealer, caller.organisation_id, known, sent))
    for name, value in changes.items():
        if value is not None or name == "description":
            setattr(play, name, value)
    play.updated_at = func.clock_timestamp()
    await session.flush()
    await session.refresh(play)
    return play


@raises(SecretWanted)
def _merged(sealer: Sealer, owner: UUID, known: dict[str, Any], sent: dict[str, Any]) -> dict[str, Any]:
    """What is to be kept of `sent`: with the secrets that are hidden in it, encrypted."""
    known = sealer.seal_tree(known, owner)
    merged = known | {name: with_secrets_of(known[name], value) for name, value in sent.items()}
    check_secrets_stay(known, merged)
    return dict(sealer.seal_tree({name: merged[name] for name in sent}, owner))


@raises(get_own_play)
async def delete_play(session: AsyncSession, caller: Caller, play_id: int) -> None:
    """Remove a play with its requirements. Its runs stay."""
    play = await get_own_play(session, caller, play_id)
    await session.delete(play)
    await record(session, caller, Action.PLAY_DELETED, target=Target("play", play.id, play.name))


@raises(RequirementsNotValid)
async def set_requirements(session: AsyncSession, caller: Caller, play: Play, numbers: Sequence[int]) -> list[int]:
    """Replace what a locked play requires and log who did so; raises RequirementsNotValid (422). Ascending numbers."""
    if wrong := what_is_wrong(numbers):
        raise RequirementsNotValid(wrong)
    before, after = await repository.list_requirements(session, play.id), sorted(numbers)
    if before != after:
        await repository.replace_requirements(session, play.id, after)
        change: dict[str, Any] = {"play_id": play.id, "actor": caller.actor, "before": before, "after": after}
        session.add(PlayChange(organisation_id=caller.organisation_id, **change))
        await session.flush()
        log.info("play %s requires %s, before %s, by %s", play.id, after, before, caller.actor)
    return after


@raises(get_own_play, RequirementsNotValid)
async def replace_mapping(session: AsyncSession, caller: Caller, play_id: int, numbers: Sequence[int]) -> list[int]:
    """Make these the play's required data batches, in one transaction; an empty list clears them."""
    if wrong := what_is_wrong(numbers):
        raise RequirementsNotValid(wrong)
    return await set_requirements(session, caller, await get_own_play(session, caller, play_id), numbers)


@raises(get_own_play, RequirementsNotValid)
async def replace_mappings(
    session: AsyncSession, caller: Caller, mappings: Sequence[MappingInput]
) -> list[tuple[int, list[int]]]:
    """Replace the requirements of several plays at once: all of them, or none when one is not valid."""
    wanted = {mapping.play_id: mapping.required_batches for mapping in mappings}
    if len(wanted) < len(mappings):
        raise RequirementsNotValid("A play is named twice.")
    written = {}
    for play_id in sorted(wanted):  # in one order, so that two who do this at once do not wait for each other
        try:
            written[play_id] = await replace_mapping(session, caller, play_id, wanted[play_id])
        except Problem as problem:
            problem.extra["play_id"] = play_id
            raise
    return [(play_id, written[play_id]) for play_id in wanted]
