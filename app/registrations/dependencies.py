"""What routes of registrations are given."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends

from app.kit.container import provided
from app.registrations.settings import PlatformSettings

PlatformSettingsDep = Annotated[PlatformSettings, Depends(provided(PlatformSettings))]
