"""What routes of every room are given to tell the audit log with."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends

from app.audit.tallies import Tallies
from app.kit.container import provided

TalliesDep = Annotated[Tallies, Depends(provided(Tallies))]
"""For what happens too often for a row each time; for anything else there is `record`."""
