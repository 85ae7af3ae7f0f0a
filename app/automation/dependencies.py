"""What the routes of templates and schedules are given."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Request

from app.automation.service import TemplateRunner


def get_template_runner(request: Request) -> TemplateRunner:
    runner: TemplateRunner = request.app.state.template_runner
    return runner


TemplateRunnerDep = Annotated[TemplateRunner, Depends(get_template_runner)]
