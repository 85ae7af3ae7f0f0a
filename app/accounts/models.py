"""How a person who has no credential yet becomes a user: by an invitation, or as somebody whom a provider knows."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, DateTime, ForeignKey, Index, LargeBinary, Text, UniqueConstraint, func
from sqlalchemy.orm import Mapped, mapped_column

from app.kit.db import Base
from app.kit.ids import new_id

Timestamp = DateTime(timezone=True)


class Invitation(Base):
    """A code that makes its holder a user, once; only its SHA-256 is kept.

    `created_by` is null for one that was made at the command line.
    """

    __tablename__ = "invitations"
    __table_args__ = (
        CheckConstraint("role in ('viewer', 'member', 'admin')", name="role"),
        Index("ix_invitations_organisation_id", "organisation_id", "id"),
        Index("ix_invitations_expires_at", "expires_at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisations.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(Text)
    email: Mapped[str | None] = mapped_column(Text)
    role: Mapped[str] = mapped_column(Text)
    code_hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    created_by: Mapped[UUID | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"), index=True)
    created_at: Mapped[datetime] = mapped_column(Timestamp, server_default=func.now())
    expires_at: Mapped[datetime] = mapped_column(Timestamp)


class Identity(Base):
    """A person of an OpenID provider as a user of an organisation; `subject` is who it is there, for good."""

    __tablename__ = "identities"
    __table_args__ = (
        UniqueConstraint("issuer", "subject", "organisation_id"),
        UniqueConstraint("user_id", "issuer"),
        Index("ix_identities_organisation_id", "organisation_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisations.id", ondelete="CASCADE"))
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    issuer: Mapped[str] = mapped_column(Text)
    subject: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(Timestamp, server_default=func.now())


class IdentitySession(Base):
    """A session that a person of an OpenID provider opened; `provider_session` is the provider's own, its `sid`."""

    __tablename__ = "identity_sessions"
    __table_args__ = (Index("ix_identity_sessions_identity_id", "identity_id"),)

    session_id: Mapped[UUID] = mapped_column(ForeignKey("sessions.id", ondelete="CASCADE"), primary_key=True)
    identity_id: Mapped[UUID] = mapped_column(ForeignKey("identities.id", ondelete="CASCADE"))
    provider_session: Mapped[str | None] = mapped_column(Text)


class SpentSignIn(Base):
    """An answer of an OpenID provider that was taken; another with the same state is refused."""

    __tablename__ = "spent_sign_ins"
    __table_args__ = (Index("ix_spent_sign_ins_expires_at", "expires_at"),)

    state_hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    expires_at: Mapped[datetime] = mapped_column(Timestamp)
