"""What routes of every room are given besides the database."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Request

from app.kit.signing import SigningKey


def get_signing_key(request: Request) -> SigningKey:
    """The installation's key."""
    key: SigningKey = request.app.state.signing_key
    return key


SigningKeyDep = Annotated[SigningKey, Depends(get_signing_key)]
