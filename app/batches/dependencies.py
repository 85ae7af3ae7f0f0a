"""What routes that deal with batches are given."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends

from app.batches.submission import Notifier
from app.kit.container import provided

NotifierDep = Annotated[Notifier, Depends(provided(Notifier))]
