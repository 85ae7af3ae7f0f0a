"""The provider ends sessions: OpenID Connect Back-Channel Logout 1.0."""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta
from typing import Annotated, Final

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import JSONResponse

from app.accounts.openid import openid_repository
from app.accounts.openid.client import LEEWAY
from app.accounts.openid.dependencies import ProviderDep
from app.accounts.openid.refusals import ProviderAway, TokenNotValid
from app.audit.actions import Action
from app.audit.record import Actor, Target, record
from app.auth.dependencies import count_wrong_key
from app.kit.declarations import raises
from app.kit.dependencies import DatabaseDep
from app.kit.errors import NotFound, Unavailable

BACK_CHANNEL: Final = "/sign-in/oidc/back-channel-logout"
PROVIDER: Final = Actor("service", "OpenID provider")
log = logging.getLogger("tranche.openid")
router = APIRouter(include_in_schema=False)


@router.post(BACK_CHANNEL)
@raises(NotFound, Unavailable, count_wrong_key)
async def end_sessions_for_provider(
    request: Request,
    database: DatabaseDep,
    provider: ProviderDep,
    logout_token: Annotated[str, Form(max_length=60_000)] = "",
) -> Response:
    """Ends the sessions that a person opened by the provider, or those of one of its sessions; keys go on."""
    if not provider.configured:
        raise NotFound("This service has no OpenID provider.")
    try:
        claims = await provider.logged_out(logout_token)
    except ProviderAway as trouble:
        log.error("the OpenID provider %s: %s", provider.issuer, trouble)
        raise Unavailable("The provider's keys cannot be read now.", retry_after=10) from None
    except TokenNotValid as trouble:
        log.warning("a logout token is refused: %s", trouble)
        await count_wrong_key(request)
        headers = {"Cache-Control": "no-store"}
        return JSONResponse({"error": "invalid_request", "error_description": str(trouble)}, 400, headers)
    # A token that is sent again ends nothing that was opened since.
    before = datetime.fromtimestamp(claims["iat"], UTC) + timedelta(seconds=LEEWAY)
    async with database.transaction() as session:
        ended = await openid_repository.end_sessions(
            session, provider.issuer, claims.get("sub"), claims.get("sid"), before
        )
        for session_id, user in ended:
            target = Target("session", session_id, user.name)
            details = {"by": "openid", "reason": "back_channel_logout"}
            await record(
                session,
                PROVIDER,
                Action.SESSION_ENDED,
                target=target,
                details=details,
                organisation_id=user.organisation_id,
            )
    return Response(status_code=200, headers={"Cache-Control": "no-store"})
