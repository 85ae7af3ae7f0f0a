"""The cookie of a browser that is signed in."""

from __future__ import annotations

from datetime import UTC, datetime

from fastapi import Request, Response

from app.auth.caller import COOKIE
from app.auth.models import Session


def set_cookie(request: Request, response: Response, secret: str, session: Session) -> None:
    """Give the browser its session's secret, for as long as the session can last."""
    age = max(0, round((session.expires_at - datetime.now(UTC)).total_seconds()))
    secure = request.url.scheme == "https"
    response.set_cookie(COOKIE, secret, max_age=age, httponly=True, samesite="lax", secure=secure, path="/")
