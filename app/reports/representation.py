"""Whether a client wants JSON or a page of the same thing."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from fastapi import Query, Request

Format = Annotated[Literal["json", "html"] | None, Query(description="Unset: by the Accept header.")]
HTML: Final[dict[int | str, dict[str, Any]]] = {200: {"content": {"text/html": {}}}}


def wants_page(request: Request, format: str | None) -> bool:
    """HTML by `format`, or for those who name it before JSON, as browsers do; JSON for all others."""
    if format:
        return format == "html"
    accept = request.headers.get("accept", "").lower()
    html, json = accept.find("text/html"), accept.find("application/json")
    return html >= 0 and (json < 0 or html < json)
