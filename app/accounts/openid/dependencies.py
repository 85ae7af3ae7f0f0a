"""What the routes of signing in with an OpenID provider are given."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends

from app.accounts.openid.provider import Provider
from app.kit.container import provided

ProviderDep = Annotated[Provider, Depends(provided(Provider))]
