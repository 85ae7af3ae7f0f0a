"""What routes of every room are given besides the database."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends

from app.kit.container import provided
from app.kit.signing import SigningKey

SigningKeyDep = Annotated[SigningKey, Depends(provided(SigningKey))]
