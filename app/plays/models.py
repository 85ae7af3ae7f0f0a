"""Plays, the data they need of a lead, the data that was fetched, and who changed which requirements."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    DateTime,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    PrimaryKeyConstraint,
    String,
    Text,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.sql.elements import conv

from app.kit.db import Base
from app.kit.ids import new_id
from app.plays.data_types import DATA_BATCH_TYPES

Timestamp = DateTime(timezone=True)
PIPELINE_KEY: Final = "play"
_NAMES = ", ".join(f"'{kind.name}'" for kind in DATA_BATCH_TYPES)


class Play(Base):
    """A sales play: steps with variables, run for leads. The id is an integer, as clients keep it as a number.

    It is drawn at random (`repository.draw_id`), so that it tells nobody how many plays others make.
    """

    __tablename__ = "plays"
    __table_args__ = (Index("ix_plays_organisation_id", "organisation_id", "id"),)

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisations.id", ondelete="CASCADE"))
    owner_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"), index=True)
    name: Mapped[str] = mapped_column(Text)
    description: Mapped[str | None] = mapped_column(Text)
    variables: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'"))
    play_steps: Mapped[list[Any]] = mapped_column(JSONB, server_default=text("'[]'"))
    output_type: Mapped[str] = mapped_column(Text, server_default="final")
    created_at: Mapped[datetime] = mapped_column(Timestamp, server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(Timestamp, server_default=func.now())


class DataBatchTypeRow(Base):
    """A kind of data, so that the database knows which number has which name."""

    __tablename__ = "data_batch_types"
    __table_args__ = (UniqueConstraint("number", "name"),)

    number: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    name: Mapped[str] = mapped_column(String(50), unique=True)
    title: Mapped[str] = mapped_column(Text)


class PlayBatchRequirement(Base):
    """A kind of data that a play needs; table, constraints and indexes have the names that others read it by."""

    __tablename__ = "play_batch_requirements"
    __table_args__ = (
        PrimaryKeyConstraint("id", name="play_batch_requirements_pkey"),
        ForeignKeyConstraint(["play_id"], ["plays.id"], name="fk_play_batch_requirements_play_id", ondelete="CASCADE"),
        # Number and name are one thing: (1, 'hubspot') passes both of the document's checks.
        ForeignKeyConstraint(
            ["batch_number", "batch_name"],
            ["data_batch_types.number", "data_batch_types.name"],
            name="fk_play_batch_requirements_batch",
        ),
        UniqueConstraint("play_id", "batch_number", name="unique_play_batch_combination"),
        CheckConstraint("batch_number >= 1 AND batch_number <= 5", name=conv("check_batch_number_range")),
        CheckConstraint(f"batch_name IN ({_NAMES})", name=conv("check_batch_name_values")),
        Index("idx_play_batch_requirements_play_id", "play_id"),
        Index("idx_play_batch_requirements_batch_number", "batch_number"),
    )

    id: Mapped[int] = mapped_column(Integer, autoincrement=True)
    play_id: Mapped[int] = mapped_column(Integer)
    batch_number: Mapped[int] = mapped_column(Integer)
    batch_name: Mapped[str] = mapped_column(String(50))
    created_at: Mapped[datetime] = mapped_column(Timestamp, server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(Timestamp, server_default=func.now())


class PlayChange(Base):
    """One change of a play's requirements: who, when, before and after. It outlives the play."""

    __tablename__ = "play_changes"
    __table_args__ = (Index("ix_play_changes_organisation_id_play_id", "organisation_id", "play_id", "id"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisations.id", ondelete="CASCADE"))
    play_id: Mapped[int] = mapped_column(Integer)
    actor: Mapped[str] = mapped_column(Text)
    before: Mapped[list[int]] = mapped_column(JSONB)
    after: Mapped[list[int]] = mapped_column(JSONB)
    created_at: Mapped[datetime] = mapped_column(Timestamp, server_default=func.clock_timestamp())


class LeadData(Base):
    """What is known of one lead, of one kind. `leased_until`: somebody is fetching it."""

    __tablename__ = "lead_data"

    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisations.id", ondelete="CASCADE"), primary_key=True)
    lead: Mapped[str] = mapped_column(Text, primary_key=True)
    number: Mapped[int] = mapped_column(ForeignKey("data_batch_types.number"), primary_key=True)
    data: Mapped[Any | None] = mapped_column(JSONB(none_as_null=True))
    source: Mapped[str | None] = mapped_column(Text)
    fetched_at: Mapped[datetime | None] = mapped_column(Timestamp)
    leased_until: Mapped[datetime | None] = mapped_column(Timestamp)
