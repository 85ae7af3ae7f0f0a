"""Settings of the watch over links: TRANCHE_LINK_WATCH_KEEP_DAYS."""

from pydantic import Field

from app.settings import Section


class LinkWatchSettings(Section):
    link_watch_keep_days: float = Field(90.0, gt=0, description="Days after which a link that was not checked is gone.")
