"""The organisation's keys."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Response
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.dependencies import AuthSettingsDep
from app.accounts.kept_secrets import make_again, make_secret
from app.accounts.schemas import KeyCreate, KeyCreated, KeyPage, KeyRead, KeyRotate, KeyRotated
from app.audit.actions import Action
from app.audit.record import Target, record
from app.auth import repository, rotation, service
from app.auth.caller import Caller
from app.auth.dependencies import CallerDep, require
from app.auth.errors import AdminOnly
from app.auth.key_limits import KeyLimits, check_keeps_keys, keys_of, limit_by_maker, limit_replacement
from app.auth.models import ApiKey, User
from app.auth.permissions import Permission
from app.idempotency.dependencies import OnceDep
from app.kit.declarations import raises
from app.kit.dependencies import SessionDep, SigningKeyDep
from app.kit.errors import NotFound
from app.limits import quotas
from app.limits.errors import QuotaExceeded
from app.limits.quotas import More, Quota

router = APIRouter(prefix="/api/keys", tags=["auth"])
PURPOSE: Final = b"api key"
MOST_OWN: Final = 50
"""Keys that somebody who is no administrator may have: all of them count in the organisation's quota."""
NO_STORE: Final = {"Cache-Control": "no-store"}


@raises(check_keeps_keys)
async def get_keeper(caller: CallerDep) -> Caller:
    """A caller who manages keys: its own, or those of the organisation."""
    check_keeps_keys(caller)
    return caller


def _details(key: ApiKey) -> dict[str, Any]:
    names = ("user_id", "parent_id", "scopes", "pipelines", "expires_at", "hint")
    return {name: getattr(key, name) for name in names}


KeeperDep = Annotated[Caller, Depends(get_keeper)]


@router.get("")
async def list_keys(caller: KeeperDep, session: SessionDep) -> KeyPage:
    """Your own keys; for administrators the organisation's."""
    rows = await repository.list_keys(session, caller.organisation_id, keys_of(caller))
    return KeyPage(keys=[KeyRead.of(key, user_name=user.name) for key, user in rows])


@router.post("", status_code=201)
@raises(limit_by_maker, NotFound, AdminOnly, quotas.check)
async def create_key(
    caller: KeeperDep,
    body: KeyCreate,
    session: SessionDep,
    signing_key: SigningKeyDep,
    settings: AuthSettingsDep,
    once: OnceDep,
    response: Response,
) -> KeyCreated:
    """A new key, your own, or as an administrator another user's. It never has more rights than yours, and ends with
    yours at the latest."""
    if body.user_id not in (None, caller.user_id):
        require(caller, Permission.ADMIN)

    async def make() -> dict[str, Any]:
        user = await session.get(User, body.user_id or caller.user_id)
        if user is None or user.organisation_id != caller.organisation_id or user.deactivated_at:
            raise NotFound("There is no such user.")
        wanted = KeyLimits(body.expires_at, body.scopes, body.pipelines)
        limits = await limit_by_maker(session, caller, user, wanted, settings.key_max)
        await quotas.check(session, caller.organisation_id, {Quota.KEYS: More(1, repository.count_keys)})
        await _check_own(session, caller)
        secret, kept = make_secret(signing_key, PURPOSE)
        key, _ = await service.add_key(session, user.id, body.name, secret, limits)
        target = Target("key", key.id, key.name)
        await record(session, caller, Action.KEY_CREATED, target=target, details=_details(key))
        return {"read": KeyRead.of(key, user_name=user.name), **kept}

    # A key has its maker's rights: nobody else gets it by repeating the request, and no other key of the maker.
    kept = await once.run(session, [body, caller.user_id, caller.key_id], make)
    response.headers.update(NO_STORE)
    return KeyCreated(**kept["read"], key=make_again(signing_key, PURPOSE, kept))


async def _check_own(session: AsyncSession, caller: Caller) -> None:
    """Raise QuotaExceeded (429) when somebody who is no administrator has many keys: the organisation's are limited."""
    if keys_of(caller) and (used := await repository.count_own_keys(session, caller.user_id)) >= MOST_OWN:
        detail = f"You have {used:,} keys; more than {MOST_OWN:,} an administrator has to make."
        raise QuotaExceeded(detail, quota=Quota.KEYS.value, limit=MOST_OWN, used=used)


@router.post("/{key_id}/rotate", status_code=201)
@raises(limit_replacement, NotFound)
async def rotate_key(
    key_id: UUID,
    caller: KeeperDep,
    body: KeyRotate,
    session: SessionDep,
    signing_key: SigningKeyDep,
    settings: AuthSettingsDep,
    once: OnceDep,
    response: Response,
) -> KeyRotated:
    """A new key in the place of another, with the same rights. The old one works for some hours more, 24 by default."""

    async def make() -> dict[str, Any]:
        found = await repository.find_live_key(session, caller.organisation_id, key_id)
        if found is None or keys_of(caller) not in (None, found[1].id):
            raise NotFound("There is no such key, or it has ended.")
        old, user = found
        limits = await limit_replacement(session, caller, user, old, body.expires_at, settings.key_max)
        secret, kept = make_secret(signing_key, PURPOSE)
        overlap = timedelta(hours=body.overlap_hours)
        key, _ = await rotation.rotate_key(session, old, limits, overlap, secret=secret, made_with=caller.key_id)
        await session.refresh(old)
        details = _details(key) | {"new_key_id": key.id, "old_key_expires_at": old.expires_at}
        await record(session, caller, Action.KEY_ROTATED, target=Target("key", old.id, old.name), details=details)
        ends = None if old.revoked_at else old.expires_at
        return {"read": KeyRead.of(key, user_name=user.name), "old_key_expires_at": ends, **kept}

    kept = await once.run(session, [body, caller.user_id, caller.key_id], make)
    response.headers.update(NO_STORE)
    key = make_again(signing_key, PURPOSE, kept)
    return KeyRotated(**kept["read"], old_key_expires_at=kept["old_key_expires_at"], key=key)


@router.delete("/{key_id}", status_code=204)
@raises(NotFound)
async def revoke_key(key_id: UUID, caller: KeeperDep, session: SessionDep) -> None:
    """Revoke a key: it stops working at once, with the sessions that it opened and the keys that were made with it."""
    key = await repository.find_key(session, caller.organisation_id, key_id)
    if key is None or keys_of(caller) not in (None, key.user_id):
        raise NotFound("There is no such key.")
    ended = await repository.revoke_key(session, key_id)
    target = Target("key", key.id, key.name)
    await record(session, caller, Action.KEY_REVOKED, target=target, details=_details(key) | {"keys_ended": ended})
