"""Settings of event streams."""

from __future__ import annotations

from pydantic import Field

from app.settings import Section


class StreamSettings(Section):
    """Settings of event streams."""

    stream_heartbeat_seconds: float = Field(15.0, gt=0, description="Silence after which a stream sends a comment.")
    stream_max_age_seconds: float = Field(1800.0, gt=0, description="Age at which a stream is closed, +-20 %.")
    stream_send_timeout_seconds: float = Field(10.0, gt=0, description="A reader that takes nothing so long is cut.")
    stream_listen: bool = Field(True, description="Off: streams look every second, without a connection that LISTENs.")
    stream_recheck_seconds: float = Field(
        60.0, gt=0, description="How often open streams' keys and sessions are checked."
    )
    streams_per_key: int = Field(20, ge=1, description="Most open streams of one key or session, in one process.")
    streams_per_process: int = Field(
        6000, ge=1, description="Most open streams of one process; an eighth more for organisations with few."
    )
