"""The cookie of a browser that is signed in."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

from fastapi import Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from app.auth import session_repository
from app.auth.caller import cookie_name, session_secret
from app.auth.models import Session
from app.auth.secrets import secret_hash


def set_cookie(request: Request, response: Response, secret: str, session: Session) -> None:
    """Give the browser its session's secret, for as long as the session can last."""
    age = max(0, round((session.expires_at - datetime.now(UTC)).total_seconds()))
    secure = request.url.scheme == "https"
    response.set_cookie(
        cookie_name(request), secret, max_age=age, httponly=True, samesite="lax", secure=secure, path="/"
    )


def forget_cookie(request: Request, response: Response) -> None:
    """Have the browser drop its session's secret."""
    response.delete_cookie(cookie_name(request), path="/", secure=request.url.scheme == "https")


async def end_session(session: AsyncSession, request: Request) -> UUID | None:
    """End the session that the browser has, if any; returns its id."""
    return await session_repository.delete_by_token(session, secret_hash(session_secret(request) or ""))
