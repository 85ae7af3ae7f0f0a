"""What the routes of webhooks are given."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends

from app.kit.container import provided
from app.settings import Settings

SettingsDep = Annotated[Settings, Depends(provided(Settings))]
