"""Settings of the ordering platform that restaurants are registered on."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field, SecretStr

from app.settings import Section


class PlatformSettings(Section):
    """Settings of the ordering platform that restaurants are registered on."""

    platform_url: str | None = Field(
        None, description="The ordering platform that restaurants are registered on; it may be in an intranet."
    )
    platform_token: SecretStr | None = Field(None, description="Sent to the ordering platform as a bearer token.")
    platform_file: Path | None = Field(
        None, description="JSON description of the platform's API; unset is that of examples/ordering_platform."
    )
    pipeline_by_type: dict[str, str] = Field(
        default_factory=dict, description="JSON object: which type of restaurant goes through which pipeline."
    )
