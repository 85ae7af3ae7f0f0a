"""Who may read /metrics: a scraper on this machine or with the token, and operators."""

from __future__ import annotations

from hmac import compare_digest
from ipaddress import ip_address
from typing import Annotated, Final

from fastapi import Depends, Request, Security

from app.auth.caller import session_secret
from app.auth.dependencies import KEY_SCHEME, SESSION_SCHEME, CallersDep, find_caller, require
from app.auth.errors import PermissionMissing
from app.auth.permissions import Permission
from app.kit.container import provided
from app.kit.declarations import needs, raises
from app.runner.settings import RunnerSettings

PROXY_HEADERS: Final = ("forwarded", "x-forwarded-for", "x-real-ip", "via")


@needs(Permission.OPERATE)
@raises(find_caller, PermissionMissing)
async def check_metrics_reader(
    request: Request,
    callers: CallersDep,
    settings: Annotated[RunnerSettings, Depends(provided(RunnerSettings))],
    _key: Annotated[object, Security(KEY_SCHEME)],
    _session: Annotated[object, Security(SESSION_SCHEME)],
) -> None:
    """Let in who sends TRANCHE_METRICS_TOKEN; where none is set, who asks from this machine; and operators."""
    authorization = request.headers.get("authorization", "")
    if settings.metrics_token:
        scheme, _, given = authorization.partition(" ")
        wanted = settings.metrics_token.get_secret_value()
        if scheme.lower() == "bearer" and compare_digest(given.strip().encode(), wanted.encode()):
            return
    elif not authorization and session_secret(request) is None and _is_from_here(request):
        return
    require(await find_caller(request, callers), Permission.OPERATE)


def _is_from_here(request: Request) -> bool:
    """Whether a program on this machine asks, and not a proxy on it for somebody else."""
    if request.client is None or any(name in request.headers for name in PROXY_HEADERS):
        return False
    try:
        return ip_address(request.client.host).is_loopback
    except ValueError:
        return False
