"""Settings of signing in."""

from __future__ import annotations

from pydantic import Field, SecretStr

from app.settings import Section


class AuthSettings(Section):
    """Settings of signing in."""

    admin_key: SecretStr | None = Field(
        None, description="The first admin's key; unset makes one and writes it to admin.key in the data folder."
    )
