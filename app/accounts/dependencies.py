"""What the routes of accounts are given."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends

from app.auth.settings import AuthSettings
from app.kit.container import provided

AuthSettingsDep = Annotated[AuthSettings, Depends(provided(AuthSettings))]
