"""What routes are given of pipelines."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends

from app.kit.container import provided
from app.kit.room import Rooms
from app.pipelines.registry import Registry

RegistryDep = Annotated[Registry, Depends(provided(Registry))]
RoomsDep = Annotated[Rooms, Depends(provided(Rooms))]
