"""Settings of sales plays, and of where data of leads comes from."""

from __future__ import annotations

from pydantic import Field, SecretStr

from app.settings import Section


class PlaySettings(Section):
    """Settings of sales plays, and of where data of leads comes from."""

    hubspot_url: str = Field("https://api.hubapi.com", description="HubSpot's API, where plays look leads up.")
    hubspot_token: SecretStr | None = Field(None, description="Token of a HubSpot private app; unset leaves it out.")
    data_provider_url: str | None = Field(
        None, description="Where data of a lead comes from: an address with {{type}} and {{lead}} in it."
    )
    data_provider_token: SecretStr | None = Field(None, description="Sent to the data provider as a bearer token.")
    play_writes_per_minute: int = Field(120, ge=1, description="Changes of plays and their data, for each user.")
