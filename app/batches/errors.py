"""What is wrong with a request: the problems that this room answers with."""

from __future__ import annotations

from app.batches.states import COMMANDS, allowed_commands
from app.kit.errors import Conflict, NotFound, Unprocessable


class NothingToRetry(Conflict):
    """No job of the batch has failed, or none with the error code that was asked for."""

    code, title = "nothing_to_retry", "Nothing to retry"


class NothingToRunAgain(Conflict):
    """The jobs came from an older system: what they worked on stayed there."""

    code, title = "nothing_to_run_again", "Nothing to run again"


class FilesUnknown(Unprocessable):
    """Some of the `file_id`s are not files of your organisation."""

    code, title = "unknown_files", "Unknown files"


class JobNotFound(NotFound):
    """There is no such job in your organisation."""

    code = "job_not_found"


class BatchNotFound(NotFound):
    """There is no such batch in your organisation."""

    code = "batch_not_found"


class InvalidTransition(Conflict):
    """The batch is in a status in which this cannot be done; `from` is its status, `allowed` what can be done."""

    code, title = "invalid_transition", "Invalid transition"

    def __init__(self, status: str, event: str) -> None:
        detail = f"A batch that is {status} cannot {COMMANDS[event].command}."
        super().__init__(detail, event=event, allowed=allowed_commands(status))
        self.extra["from"] = status


class BatchEmpty(Unprocessable):
    """A batch needs at least one file, URL or record."""

    code, title = "batch_empty", "Batch empty"


class BatchTooLarge(Unprocessable):
    """The batch would have more jobs than this installation takes in one."""

    code, title = "too_many_jobs", "Too many jobs"


class SourceNotAccepted(Unprocessable):
    """The pipeline does not take this kind of item: a file, a URL or a record."""

    code, title = "source_not_accepted", "Source not accepted"


class ParamsNotValid(Unprocessable):
    """The parameters are not what the pipeline takes; `errors` names each."""

    code, title = "invalid_params", "Parameters not valid"


class NotOneItem(Unprocessable):
    """This path takes one file, URL or record. Several go to `/api/jobs/batch`."""

    code, title = "not_one_item", "Not one item"
