"""What stream tickets are signed with."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import DateTime, LargeBinary, Text, func
from sqlalchemy.orm import Mapped, mapped_column

from app.kit.db import Base


class TicketSecret(Base):
    """A random secret, made when first needed, and stored so that every process has the same one."""

    __tablename__ = "signing_keys"

    purpose: Mapped[str] = mapped_column(Text, primary_key=True)
    secret: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
