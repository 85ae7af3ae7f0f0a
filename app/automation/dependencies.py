"""What the routes of templates and schedules are given."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends

from app.automation.service import TemplateRunner
from app.kit.container import provided

TemplateRunnerDep = Annotated[TemplateRunner, Depends(provided(TemplateRunner))]
