"""Settings of signing in, and of how long what proves a caller lives."""

from __future__ import annotations

from datetime import timedelta

from pydantic import Field, SecretStr

from app.settings import Section


class AuthSettings(Section):
    """Settings of signing in."""

    admin_key: SecretStr | None = Field(
        None, description="The first admin's key; unset makes one and writes it to admin.key in the data folder."
    )
    session_hours: float = Field(720.0, gt=0, le=8784, description="Hours after which a browser must sign in again.")
    session_idle_hours: float = Field(
        168.0, gt=0, le=8784, description="Hours without use after which a browser must sign in again."
    )
    sign_in_link_minutes: float = Field(10.0, gt=0, le=1440, description="Minutes in which a sign-in link works, once.")
    key_max_days: float | None = Field(
        None, gt=0, le=36500, description="Longest life of a new key, which it also has by default; unset is no limit."
    )

    @property
    def session_life(self) -> timedelta:
        return timedelta(hours=self.session_hours)

    @property
    def session_idle(self) -> timedelta:
        return timedelta(hours=self.session_idle_hours)

    @property
    def link_life(self) -> timedelta:
        return timedelta(minutes=self.sign_in_link_minutes)

    @property
    def key_max(self) -> timedelta | None:
        return None if self.key_max_days is None else timedelta(days=self.key_max_days)
