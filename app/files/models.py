"""Files: one row for each upload or result; equal contents share one stored object."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, DateTime, ForeignKey, Index, Text, func, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from app.kit.db import Base
from app.kit.ids import new_id


class File(Base):
    """A file of an organisation. `sha256` (hex) is its identity, `name` is for display and never a path.

    A file with a tag is kept when the batches that named it go.
    """

    __tablename__ = "files"
    __table_args__ = (
        CheckConstraint("size >= 0", name="size"),
        CheckConstraint("crc32 between 0 and 4294967295", name="crc32"),
        CheckConstraint("sha256 ~ '^[0-9a-f]{64}$'", name="sha256"),
        Index("ix_files_organisation_id_sha256", "organisation_id", "sha256"),
        Index("ix_files_storage_key", "storage_key"),
        Index("ix_files_tags", "tags", postgresql_using="gin", postgresql_where=text("tags <> '{}'")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisations.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(Text)
    sha256: Mapped[str] = mapped_column(Text)
    crc32: Mapped[int] = mapped_column(BigInteger)
    size: Mapped[int] = mapped_column(BigInteger)
    media_type: Mapped[str] = mapped_column(Text)
    storage_key: Mapped[str] = mapped_column(Text)
    tags: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=text("'{}'"))
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
