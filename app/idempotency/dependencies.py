"""What the routes that create something are given."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Annotated

from fastapi import Depends, Header, Request, Response
from pydantic import Field

from app.auth.dependencies import CallerDep
from app.idempotency.errors import IdempotencyInFlight, IdempotencyKeyNotValid, IdempotencyKeyReused
from app.idempotency.once import KeyedRequest, Once
from app.kit.declarations import raises, sends

KeyText = Annotated[str, Field(json_schema_extra={"maxLength": 255})]
"""For the documentation: the answer to another one is a 400 of its own."""


@raises(IdempotencyKeyNotValid, IdempotencyInFlight, IdempotencyKeyReused)
@sends("Idempotent-Replayed")
async def get_keyed_request(
    request: Request,
    idempotency_key: Annotated[
        KeyText | None,
        Header(
            alias="Idempotency-Key",
            description="Any text of 1 to 255 printable ASCII characters: the same request is carried out once.",
        ),
    ] = None,
) -> KeyedRequest:
    """The request's key; raises IdempotencyKeyNotValid (400) unless it is 1 to 255 printable ASCII characters."""
    if idempotency_key is not None and not re.fullmatch(r"[\x21-\x7e]{1,255}", idempotency_key):
        raise IdempotencyKeyNotValid("An Idempotency-Key has 1 to 255 printable ASCII characters, without blanks.")
    query = f"?{request.url.query}" if request.url.query else ""
    return KeyedRequest(idempotency_key, f"{request.method} {request.url.path}{query}")


KeyedRequestDep = Annotated[KeyedRequest, Depends(get_keyed_request)]


async def get_once(request: KeyedRequestDep, caller: CallerDep, response: Response) -> Once:
    """Carries the caller's request out once.

    To a key that is limited to pipelines nothing is answered again that another one made.
    """
    if caller.pipelines is not None:
        request = replace(request, target=f"{request.target} {sorted(caller.pipelines)}")
    return Once(request, caller.organisation_id, response)


OnceDep = Annotated[Once, Depends(get_once)]
