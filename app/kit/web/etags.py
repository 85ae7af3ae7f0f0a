"""Conditional requests (RFC 9110, section 13)."""

from __future__ import annotations

from fastapi import Request


def is_known(request: Request, tag: str) -> bool:
    """Whether the client has the state `tag` already: If-None-Match holds a list, compared weakly, or `*`."""
    given = [entry.strip().removeprefix("W/") for entry in request.headers.get("if-none-match", "").split(",")]
    return "*" in given or tag.removeprefix("W/") in given
