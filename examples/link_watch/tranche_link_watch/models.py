"""How each link answered when it was last checked."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import DateTime, ForeignKey, Index, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.kit.db import Base


class Link(Base):
    """One link of an organisation. `status` is the HTTP status, or None when nothing answered."""

    __tablename__ = "link_watch_links"
    __table_args__ = (Index("ix_link_watch_links_checked_at", "checked_at"),)

    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisations.id", ondelete="CASCADE"), primary_key=True)
    url: Mapped[str] = mapped_column(Text, primary_key=True)
    status: Mapped[int | None]
    checked_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
