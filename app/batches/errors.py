"""What is wrong with a request: the problems that this room answers with."""

from __future__ import annotations

from typing import Final

from app.batches.states import COMMANDS, allowed_commands
from app.kit.errors import BadRequest, Conflict, NotFound, Unprocessable


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


class BulkActNotFound(NotFound):
    """There is no such action on jobs of this batch."""

    code = "bulk_act_not_found"


class InvalidJobTransition(Conflict):
    """This cannot be done to the job where it is, or in a batch that is where its batch is; `reason` is a code.

    `job_ended`, `job_running`, `job_not_ended`, `job_completed` (name a `from_step`), `step_not_reached`,
    `completed_in_open_batch`, `retried_elsewhere`, `batch_draft`, `batch_cancelling` or
    `batch_ended`. `from` is the job's status.
    """

    code, title = "invalid_job_transition", "Invalid job transition"

    def __init__(self, status: str, action: str, reason: str) -> None:
        super().__init__(_SENTENCES[reason].format(status=status, action=action), action=action, reason=reason)
        self.extra["from"] = status


_SENTENCES: Final = {
    "job_ended": "A job that is {status} cannot be asked to {action}: it has ended.",
    "job_running": "A job that is running cannot be asked to {action}; cancel it first.",
    "job_not_ended": "A job that is {status} cannot go on at another step; cancel it first.",
    "job_completed": "The job is completed. To have it made anew, name the step to begin with: from_step.",
    "completed_in_open_batch": "The job is completed and its batch goes on: it can be made anew when that has ended.",
    "step_not_reached": "A step before the one that is named has not ended well.",
    "retried_elsewhere": "The job was retried in a batch of its own already.",
    "batch_draft": "The batch is a draft: start or change it.",
    "batch_cancelling": "The batch is being cancelled.",
    "batch_ended": "The batch has ended: what it came to does not change.",
}


class StepUnknown(Unprocessable):
    """The job has no step of this name."""

    code, title = "unknown_step", "Unknown step"


class BatchEmpty(Unprocessable):
    """A batch needs at least one file, URL or record."""

    code, title = "batch_empty", "Batch empty"


class BatchTooLarge(Unprocessable):
    """The batch would have more jobs than this installation takes in one."""

    code, title = "too_many_jobs", "Too many jobs"


class ExternalIdsRepeated(Unprocessable):
    """An `external_id` stands for one item of a batch; `external_ids` names some that come more than once."""

    code, title = "external_ids_repeated", "External ids repeated"


class BatchSealed(Conflict):
    """The batch was sealed: no more jobs can be added."""

    code, title = "batch_sealed", "Batch sealed"


class StepsChanged(Conflict):
    """The pipeline has other steps than when the batch was made: what is to be added goes into a new batch."""

    code, title = "steps_changed", "Steps changed"


class KeyNotForLines(BadRequest):
    """An Idempotency-Key does not count for lines of JSON: their `external_id` tells what was there before."""

    code, title = "idempotency_key_not_for_lines", "Idempotency-Key not for lines"


class LineNotReadable(Unprocessable):
    """A line is no item; `line` is its number. `added` and `existing` say how many items before it were taken."""

    code, title = "line_not_readable", "Line not readable"


class SourceNotAccepted(Unprocessable):
    """The pipeline does not take this kind of item: a file, a URL or a record."""

    code, title = "source_not_accepted", "Source not accepted"


class ParamsNotValid(Unprocessable):
    """The parameters are not what the pipeline takes; `errors` names each."""

    code, title = "invalid_params", "Parameters not valid"


class NotOneItem(Unprocessable):
    """This path takes one file, URL or record. Several go to `/api/jobs/batch`."""

    code, title = "not_one_item", "Not one item"
