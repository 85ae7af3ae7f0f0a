"""What is wrong with a request: the problems that this room answers with."""

from __future__ import annotations

from app.kit.errors import NotFound, Unprocessable


class ScheduleNotFound(NotFound):
    code = "schedule_not_found"


class TemplateNotFound(NotFound):
    code = "template_not_found"


class OverridesNotValid(Unprocessable):
    code, title = "invalid_overrides", "Overrides not valid"


class SourceUnknown(Unprocessable):
    code, title = "unknown_item_source", "Unknown item source"


class FilterNotValid(Unprocessable):
    code, title = "invalid_filter", "Filter not valid"
