"""Settings of rates, and of what every organisation may have."""

from __future__ import annotations

from pydantic import Field

from app.settings import Section


class LimitSettings(Section):
    """Settings of rates, where 0 is no limit, and of what every organisation may have, where unset is no limit."""

    rate_key_per_minute: int = Field(12_000, ge=0, description="Requests with one key, session or result code.")
    rate_organisation_per_minute: int = Field(36_000, ge=0, description="Requests of one organisation.")
    rate_address_per_minute: int = Field(
        6_000, ge=0, description="Requests without a key or session from one address (of IPv6, one /64 network)."
    )
    rate_wrong_keys_per_minute: int = Field(
        200, ge=2, description="Wrong keys and sessions from one address, the last of which is refused with a 429."
    )
    rate_wrong_codes_per_minute: int = Field(200, ge=2, description="The same for wrong result codes.")
    rate_wrong_total_per_minute: int = Field(
        10_000, ge=0, description="Wrong keys and codes from all addresses, after which each waits for its answer."
    )
    rate_shared: bool | None = Field(
        None, description="Count together with other processes, in the database; unset: when DATABASE_URL is set."
    )
    quota_stored_bytes: int | None = Field(
        None,
        ge=0,
        description="What one organisation may store, unless an operator sets it another limit.",
    )
    quota_batches_per_day: int | None = Field(None, ge=0, description="The same: batches made on one day.")
    quota_jobs_in_flight: int | None = Field(None, ge=0, description="The same: jobs that wait or run.")
    quota_open_streams: int | None = Field(None, ge=0, description="The same: event streams, over all processes.")
    quota_webhooks: int | None = Field(100, ge=0, description="The same: webhooks.")
    quota_keys: int | None = Field(1_000, ge=0, description="The same: keys that are not revoked.")
    quota_users: int | None = Field(1_000, ge=0, description="The same: users.")
