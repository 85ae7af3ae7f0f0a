"""What an invitation is answered with: its code and link, and to whom it is mailed."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any
from uuid import UUID

from fastapi import BackgroundTasks, Depends, Response

from app.accounts import invitations
from app.accounts.invitations import PURPOSE, InvitationMailer, link_of
from app.accounts.kept_secrets import make_again, make_secret
from app.accounts.people_schemas import InvitationCreate, InvitationCreated, InvitationRead
from app.auth.caller import Caller
from app.auth.repository import get_organisation
from app.idempotency.dependencies import OnceDep
from app.idempotency.once import Once
from app.kit.container import provided
from app.kit.db import Database
from app.kit.declarations import raises
from app.kit.dependencies import DatabaseDep, SigningKeyDep
from app.kit.secrets.signing import SigningKey
from app.settings import Settings


class Inviter:
    """Invites people; a code is made from the installation's secret and stored nowhere."""

    def __init__(
        self,
        database: Database,
        key: SigningKey,
        settings: Settings,
        mailer: InvitationMailer,
        once: Once,
        response: Response,
        background: BackgroundTasks,
    ) -> None:
        self._database, self._key, self._settings, self._mailer = database, key, settings, mailer
        self._once, self._response, self._background = once, response, background

    @raises(invitations.add_invitation)
    async def invite(self, caller: Caller, organisation_id: UUID, body: InvitationCreate) -> InvitationCreated:
        """A new invitation into the organisation; raises what `add_invitation` does. Its mail goes after the answer."""
        fresh = False
        async with self._database.transaction() as session:

            async def make() -> dict[str, Any]:
                nonlocal fresh
                fresh = True
                code, kept = make_secret(self._key, PURPOSE)
                values = body.model_dump()
                made = await invitations.add_invitation(session, caller, organisation_id, code=code, **values)
                return {"read": InvitationRead.of(made), "mailed_to": self._recipient(body), **kept}

            # Who repeats the request is shown the code again, so nobody but its maker may.
            kept = await self._once.run(session, [body, organisation_id, caller.user_id], make)
            organisation = (await get_organisation(session, organisation_id)).name
        code = make_again(self._key, PURPOSE, kept)
        link = link_of(self._settings.base_url, code)
        if fresh and kept["mailed_to"]:
            send = partial(self._mailer.invite, kept["mailed_to"], organisation=organisation, inviter=caller.user_name)
            self._background.add_task(send, link=link, days=body.days)
        self._response.headers["Cache-Control"] = "no-store"
        return InvitationCreated(**kept["read"], code=code, link=link, mailed_to=kept["mailed_to"])

    def _recipient(self, body: InvitationCreate) -> str | None:
        """Whom it is mailed to: a mail needs a server that takes it, and the address that people have for us."""
        return body.email if self._mailer.configured and self._settings.base_url else None


async def get_inviter(
    response: Response,
    background: BackgroundTasks,
    database: DatabaseDep,
    key: SigningKeyDep,
    settings: Annotated[Settings, Depends(provided(Settings))],
    mailer: Annotated[InvitationMailer, Depends(provided(InvitationMailer))],
    once: OnceDep,
) -> Inviter:
    return Inviter(database, key, settings, mailer, once, response, background)


InviterDep = Annotated[Inviter, Depends(get_inviter)]
