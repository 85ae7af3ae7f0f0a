"""Restaurants, and the view that shows the events of their registrations in the log's own words."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import CheckConstraint, DateTime, ForeignKey, Index, Integer, Text, func, text
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
