"""Settings of mail."""

from __future__ import annotations

from pydantic import Field, SecretStr

from app.settings import Section


class MailSettings(Section):
    """Settings of mail."""

    smtp_url: SecretStr | None = Field(
        None, description="Mail server: smtp://user:password@host:587?starttls=required, or smtps://; unset sends none."
    )
    mail_from: str = Field("Tranche <tranche@localhost>", description="Whom mail comes from.")
