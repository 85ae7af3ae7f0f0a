"""The cookie of a browser that is signed in."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

from fastapi import Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from app.auth import session_repository
from app.auth.caller import COOKIE, session_secret
from app.auth.models import Session
from app.auth.secrets import secret_hash
from app.kit.web.public_address import forget_own_cookie, set_own_cookie


def set_cookie(request: Request, response: Response, secret: str, session: Session) -> None:
    """Give the browser its session's secret, for as long as the session can last."""
    age = max(0, round((session.expires_at - datetime.now(UTC)).total_seconds()))
    set_own_cookie(request, response, COOKIE, secret, age)


def forget_cookie(request: Request, response: Response) -> None:
    """Have the browser drop its session's secret, and all that it keeps of answers.

    What it stores for the console are preferences that say nothing of anybody (the theme), so these stay.
    """
    forget_own_cookie(request, response, COOKIE)
    response.headers["Clear-Site-Data"] = '"cache"'  # W3C Clear Site Data; browsers heed it over https and on localhost


async def end_session(session: AsyncSession, request: Request) -> UUID | None:
    """End the session that the browser has, if any; returns its id."""
    return await session_repository.delete_by_token(session, secret_hash(session_secret(request) or ""))
