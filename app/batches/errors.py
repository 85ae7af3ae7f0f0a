"""What is wrong with a request: the problems that this room answers with."""

from __future__ import annotations

from app.batches.states import COMMANDS, allowed_commands
from app.kit.errors import Conflict, NotFound, Unprocessable


class NothingToRetry(Conflict):
    code, title = "nothing_to_retry", "Nothing to retry"


class NothingToRunAgain(Conflict):
    """The jobs came from an older system: what they worked on stayed there."""

    code, title = "nothing_to_run_again", "Nothing to run again"


class FilesUnknown(Unprocessable):
    code, title = "unknown_files", "Unknown files"


class JobNotFound(NotFound):
    code = "job_not_found"

    def __init__(self) -> None:
        super().__init__("There is no such job.")


class BatchNotFound(NotFound):
    code = "batch_not_found"

    def __init__(self) -> None:
        super().__init__("There is no such batch.")


class InvalidTransition(Conflict):
    code, title = "invalid_transition", "Invalid transition"

    def __init__(self, status: str, event: str) -> None:
        detail = f"A batch that is {status} cannot {COMMANDS[event].command}."
        super().__init__(detail, event=event, allowed=allowed_commands(status))
        self.extra["from"] = status


class BatchEmpty(Unprocessable):
    code, title = "batch_empty", "Batch empty"


class BatchTooLarge(Unprocessable):
    code, title = "too_many_jobs", "Too many jobs"


class SourceNotAccepted(Unprocessable):
    code, title = "source_not_accepted", "Source not accepted"


class ParamsNotValid(Unprocessable):
    code, title = "invalid_params", "Parameters not valid"


class NotOneItem(Unprocessable):
    code, title = "not_one_item", "Not one item"
