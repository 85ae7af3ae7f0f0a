"""Request bodies of batches, and the reply to a submission."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Final, Literal, Self
from uuid import UUID

from pydantic import (
    AfterValidator,
    ConfigDict,
    Field,
    ModelWrapValidatorHandler,
    StringConstraints,
    ValidationInfo,
    WithJsonSchema,
    field_serializer,
    field_validator,
    model_validator,
)

from app.batches.extensions import EXTENSIONS
from app.kit.json_pieces import PackedObject
from app.kit.json_writing import dump_json
from app.kit.schemas import DataObject, Input, JsonObject, LongText, Output, ShortText, check_text
from app.kit.web.json_bodies import ReadInPieces
from app.pipelines.naming import MAX_PREFIX

_EMAIL: Final = re.compile(r"[^@\s]{1,64}@[^@\s]{1,190}\.[^@\s]{1,190}")
_URL: Final = re.compile(r"https?://[^\s/?#]\S*")


def _check_email(value: str) -> str:
    if not _EMAIL.fullmatch(check_text(value)):
        raise ValueError("must be an e-mail address, such as ann@example.org")
    return value


def _check_url(value: str) -> str:
    if not _URL.fullmatch(check_text(value)):
        raise ValueError("must be a URL that begins with http:// or https://")
    return value


# Clients are shown the pattern; the validator says in words what it asks for.
Email = Annotated[
    str,
    StringConstraints(max_length=255),
    AfterValidator(_check_email),
    Field(json_schema_extra={"pattern": f"^{_EMAIL.pattern}$"}),
]
Url = Annotated[
    str,
    StringConstraints(max_length=2000),
    AfterValidator(_check_url),
    Field(json_schema_extra={"pattern": f"^{_URL.pattern}$"}),
]
ErrorCode = Annotated[str, StringConstraints(max_length=60, pattern=r"^[A-Z0-9_]+$")]
CustomerPrefix = Annotated[str, StringConstraints(min_length=1, max_length=MAX_PREFIX), AfterValidator(check_text)]
ExecutionMode = Literal["parallel", "sequential"]


class FailurePolicyInput(Input):
    """When more than `threshold` of the jobs fail: stop for a person (pause), give the batch up (fail), or go on."""

    threshold: float = Field(0.5, ge=0, le=1)
    action: Literal["pause", "fail", "continue"] = "pause"


class Source(Input):
    """What to process: exactly one of `file_id`, `url` and `record`."""

    file_id: UUID | None = None
    url: Url | None = None
    record: DataObject | None = None

    @model_validator(mode="after")
    def check_one_source(self) -> Self:
        if (self.file_id, self.url, self.record).count(None) != 2:
            raise ValueError("give exactly one of file_id, url and record")
        return self

    @field_serializer("record")
    def unpack_record(self, record: Mapping[str, Any] | None) -> dict[str, Any] | None:
        return record.unpacked() if isinstance(record, PackedObject) else None if record is None else dict(record)


class Item(Source):
    """One thing of a batch."""

    name: ShortText | None = Field(None, description="How a record is called in lists.")
    external_id: ShortText | None = Field(None, description="What you call it: once in a batch.")

    def packed(self) -> Self:
        """Its record becomes text, which takes a tenth of the memory."""
        if self.record is not None:
            self.record = PackedObject(dump_json(self.record))  # type: ignore[assignment]
        return self


class BatchOptions(Input):
    """What a submission says besides its items, in JSON and as form fields alike.

    Options that belong to a room above (`EXTENSIONS`) are in `model_extra`; other unknown ones are refused.
    """

    model_config = ConfigDict(extra="allow", json_schema_extra=EXTENSIONS.describe_options)

    pipelines: list[ShortText] = Field(
        default_factory=list,
        max_length=16,
        description="Several pipelines, each run on every file, URL or record; the first is the primary one.",
    )
    pipeline: ShortText | None = Field(None, validate_default=True, description="Key or id of the pipeline.")
    params: JsonObject = Field(
        default_factory=dict, description="The pipeline's parameters; with several pipelines, those of each by its key."
    )
    name: ShortText | None = Field(None, description="What it is called everywhere, its folder and its ZIP as well.")
    description: LongText | None = Field(None, description="The middle part of its folder's name when it has none.")
    customer_prefix: CustomerPrefix | None = Field(None, description="Unset: what the files' names tell for sure.")
    metadata: JsonObject = Field(default_factory=dict, description="Anything the client wants kept with the batch.")
    execution_mode: ExecutionMode | None = Field(None, description="Unset: the pipeline's own.")
    max_parallel: int | None = Field(None, ge=1, le=4096, description="Jobs at a time. Unset: the pipeline's own.")
    notification_email: Email | None = None
    failure_policy: FailurePolicyInput | None = Field(None, description="Unset: the pipeline's own.")
    result_codes: bool | None = Field(
        None, description="A share code for each job that completes. Unset: the pipeline's own."
    )
    first_n: int | None = Field(None, ge=1, le=2**31 - 1, description="A trial run: run so many jobs, then pause.")
    sealed: bool | None = Field(
        None,
        description="False: more jobs are to come, and the batch does not end before it is sealed. True: none can be"
        " added. Unset: some can be added until it has ended.",
    )
    start: bool = Field(True, description="False makes a draft, to be started later.")
    expires_in_hours: int | None = Field(None, ge=1, le=87_600, description="Unset: the pipeline's own life, if any.")

    @model_validator(mode="wrap")
    @classmethod
    def check_extensions(cls, values: Any, check: ModelWrapValidatorHandler[Self]) -> Self:
        if isinstance(values, dict):
            others = {name: value for name, value in values.items() if name not in cls.model_fields}
            values = values | EXTENSIONS.check_options(others)
        return check(values)

    @field_validator("pipeline")
    @classmethod
    def check_pipeline(cls, pipeline: str | None, others: ValidationInfo) -> str | None:
        if pipeline is None and not others.data.get("pipelines"):
            raise ValueError("name a pipeline")
        return pipeline

    @property
    def pipeline_names(self) -> list[str]:
        """Keys or ids, the primary one first."""
        return ([self.pipeline] if self.pipeline else []) + self.pipelines


class BatchCreate(BatchOptions, ReadInPieces):
    list_member, most_members = "items", 100_000

    items: list[Item] = Field(default_factory=list, max_length=most_members)

    @classmethod
    def read_member(cls, value: Any) -> Item:
        return Item.model_validate(value).packed()


class JobCreate(BatchOptions, Source):
    """One thing to process by itself."""

    record_name: ShortText | None = None

    def as_item(self) -> Item:
        return Item(file_id=self.file_id, url=self.url, record=self.record, name=self.record_name)


def _describe_form(schema: dict[str, Any]) -> None:
    """A form has no null: a field that is not sent says it."""
    EXTENSIONS.describe_options(schema)
    for member in schema["properties"].values():
        kinds = [kind for kind in member.pop("anyOf", ()) if kind != {"type": "null"}]
        if kinds and member.get("default", "") is None:
            del member["default"]
        for kind in kinds:
            member |= kind


class SubmitForm(BatchOptions):
    """A submission as a form, for the documentation. A field that is not named here is a parameter of the pipeline."""

    model_config = ConfigDict(extra="allow", json_schema_extra=_describe_form)

    files: list[Annotated[str, WithJsonSchema({"type": "string", "format": "binary"})]] = Field(default_factory=list)
    urls: list[Url] = Field(default_factory=list)


class BatchLinks(Output):
    self: str
    jobs: str
    events: str
    download: str


class BatchCreated(Output):
    """The reply to every submission."""

    batch_id: UUID
    jobs_count: int
    customer_prefix: str | None
    mixed_customers: bool = Field(False, description="The files are of several customers; the prefix is the commonest.")
    base_directory_name: str
    status: str
    links: BatchLinks
    warnings: list[str] = Field(
        default_factory=list, description="A sentence for each quota of which this batch brings the use to 80 %."
    )


class BatchStarted(Output):
    started_at: datetime
    first_job_id: UUID | None


class BatchPaused(Output):
    paused_at: datetime


class BatchResumed(Output):
    resumed_at: datetime


class BatchCancelled(Output):
    cancelled_at: datetime


class BatchArchived(Output):
    archived_at: datetime | None


class BatchCopied(Output):
    """The reply of retry-failed and restart."""

    new_batch_id: UUID


class RetryFailed(Input):
    """Which of the failed jobs to try again; without a body all of them."""

    error_code: ErrorCode | None = Field(None, description="Only those that failed with this code.")
    step: ShortText | None = Field(None, description="Only those that failed at this step.")


class BatchUpdate(Input):
    """What can be changed of a batch after it was submitted; members that are not sent stay as they are."""

    name: ShortText | None = Field(None, description="Its folder and its ZIP are called so as well.")
    description: LongText | None = Field(None, description="The middle part of its folder's name when it has none.")
    customer_prefix: CustomerPrefix | None = Field(None, description="Null: nobody's.")
    metadata: JsonObject | None = None
    max_parallel: int | None = Field(None, ge=1, le=4096)


def links_of(batch_id: UUID, root: str) -> BatchLinks:
    """Where the parts of a batch are; `root` stands before each path."""
    base = f"{root}/api/batches/{batch_id}"
    return BatchLinks(self=base, jobs=f"{base}/jobs", events=f"{base}/events", download=f"{base}/download")
