"""The organisation's keys."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from fastapi import APIRouter

from app.accounts.kept_secrets import make_again, make_secret
from app.accounts.schemas import KeyCreate, KeyCreated, KeyPage, KeyRead
from app.auth import repository, service
from app.auth.dependencies import AdminDep
from app.idempotency.dependencies import OnceDep
from app.kit.declarations import raises
from app.kit.dependencies import SessionDep, SigningKeyDep
from app.kit.errors import NotFound

router = APIRouter(prefix="/api/keys", tags=["auth"])
PURPOSE: Final = b"api key"


@router.get("")
async def list_keys(session: SessionDep, caller: AdminDep) -> KeyPage:
    """The organisation's keys."""
    rows = await repository.list_keys(session, caller.organisation_id)
    return KeyPage(keys=[KeyRead.of(key, user_name=user.name) for key, user in rows])


@router.post("", status_code=201)
async def create_key(
    body: KeyCreate, session: SessionDep, caller: AdminDep, signing_key: SigningKeyDep, once: OnceDep
) -> KeyCreated:
    """A new key with the caller's own rights."""

    async def make() -> dict[str, Any]:
        secret, kept = make_secret(signing_key, PURPOSE)
        key, _ = await service.add_key(session, caller.user_id, body.name, secret, body.expires_at)
        return {"read": KeyRead.of(key, user_name=caller.user_name), **kept}

    # The key has its maker's rights: nobody else gets it by repeating the request.
    kept = await once.run(session, [body, caller.user_id], make)
    return KeyCreated(**kept["read"], key=make_again(signing_key, PURPOSE, kept))


@router.delete("/{key_id}", status_code=204)
@raises(NotFound)
async def revoke_key(key_id: UUID, session: SessionDep, caller: AdminDep) -> None:
    """Revoke a key: it stops working at once."""
    if await repository.find_key(session, caller.organisation_id, key_id) is None:
        raise NotFound("There is no such key.")
    await repository.revoke_key(session, key_id)
