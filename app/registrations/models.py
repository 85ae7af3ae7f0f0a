"""Restaurants, and the view that shows the events of their registrations in the log's own words."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import CheckConstraint, Connection, DateTime, ForeignKey, Index, Integer, Text, event, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.batches.models import Job
from app.kit.db import Base
from app.kit.ids import new_id

PIPELINE_KEY: Final = "restaurant-registration"


class Restaurant(Base):
    """A restaurant of an organisation. `menu` and `option_sets` are the counts of its two files.

    Where it stands is read off its latest registration job; `live_at` and `account` outlive the jobs.
    """

    __tablename__ = "restaurants"
    __table_args__ = (
        CheckConstraint("icp_score between 0 and 10", name="icp_score"),
        Index("ix_restaurants_organisation_id_name", "organisation_id", "name", "id"),
        Index("ix_restaurants_organisation_id_created_at", "organisation_id", "created_at", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisations.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(Text)
    type: Mapped[str | None] = mapped_column(Text)
    stage: Mapped[str | None] = mapped_column(Text)
    icp_score: Mapped[int | None] = mapped_column(Integer)
    city: Mapped[str | None] = mapped_column(Text)
    contact: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'"))
    attributes: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'"))
    menu_file_id: Mapped[UUID | None] = mapped_column(ForeignKey("files.id", ondelete="SET NULL"), index=True)
    menu: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    option_sets_file_id: Mapped[UUID | None] = mapped_column(ForeignKey("files.id", ondelete="SET NULL"), index=True)
    option_sets: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    account: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    live_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())


JOB_SUBJECT: Final = "record ->> 'restaurant_id'"
"""The restaurant of a job, as its index has it."""

Index(
    "ix_jobs_restaurant_id",
    text(f"({JOB_SUBJECT})"),
    text("id desc"),
    postgresql_where=text(f"({JOB_SUBJECT}) is not null"),
    _table=Base.metadata.tables[Job.__tablename__],
)

LOG_VIEW: Final = f"""
create view batch_operation_logs as
select md5(e.batch_id::text || ':' || e.id)::uuid as id, e.batch_id as batch_job_id, e.job_id as registration_job_id,
  case e.type when 'step.failed' then 'error_occurred' when 'job.failed' then 'error_occurred'
    when 'batch.alerted' then 'error_occurred' when 'job.retrying' then 'retry_attempted'
    else replace(e.type, '.', '_') end as operation,
  e.data || jsonb_strip_nulls(jsonb_build_object('step', e.step, 'actor', e.actor, 'event', e.type, 'event_id', e.id))
    as details,
  e.created_at, b.organisation_id, e.id as event_id, 0 as place
from events e join batches b on b.id = e.batch_id join pipelines p on p.id = b.pipeline_id
where p.key = '{PIPELINE_KEY}'
union all
select md5(j.id::text || ' created')::uuid, j.batch_id, j.id, 'job_created',
  jsonb_strip_nulls(jsonb_build_object('sequence', j.sequence, 'name', j.filename, 'restaurant_id', j.{JOB_SUBJECT},
    'retry_of_job_id', j.retry_of_job_id)),
  j.created_at, b.organisation_id, 1, j.sequence
from jobs j join batches b on b.id = j.batch_id join pipelines p on p.id = b.pipeline_id
where p.key = '{PIPELINE_KEY}'
"""
"""`event_id` and `place` are the order: a batch's jobs are created with its first event."""


@event.listens_for(Base.metadata, "after_create")
def _create_view(_: object, connection: Connection, **__: object) -> None:
    connection.exec_driver_sql(LOG_VIEW)
