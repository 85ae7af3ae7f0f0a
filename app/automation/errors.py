"""What is wrong with a request: the problems that this room answers with."""

from __future__ import annotations

from app.kit.errors import Conflict, NotFound, Unprocessable


class ScheduleNotFound(NotFound):
    """There is no such schedule in your organisation."""

    code = "schedule_not_found"


class TemplateNotFound(NotFound):
    """There is no such template in your organisation."""

    code = "template_not_found"


class RunActive(Conflict):
    """A run of the schedule has not ended yet, and this one was to start only if none is active."""

    code, title = "run_active", "A run is active"


class SecretInSchedule(Unprocessable):
    """The parameters of a schedule hold a secret, which belongs into its template."""

    code, title = "secret_in_schedule", "Secret in a schedule"


class OverridesNotValid(Unprocessable):
    """What was to be changed for this run does not fit the template."""

    code, title = "invalid_overrides", "Overrides not valid"


class SourceUnknown(Unprocessable):
    """There is no item source of that name."""

    code, title = "unknown_item_source", "Unknown item source"


class FilterNotValid(Unprocessable):
    """The filter is not one that the template's item source takes."""

    code, title = "invalid_source_filter", "Filter not valid"
