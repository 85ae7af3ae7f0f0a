"""The workloads that come with the service, and what they ask of the rest of it."""

from __future__ import annotations

from app.assets.contact_sheet import pipeline as contact_sheet
from app.assets.hand_over import Connections, hand_over_pipeline
from app.assets.originals import pipeline as originals
from app.assets.web_images import pipeline as web_images
from app.batches.item_sources import ItemSource
from app.extractions.pipeline import make_pipeline as make_pdf_extraction
from app.extractions.provider import Provider
from app.pipelines.contract import Pipeline
from app.plays.pipeline import play_pipeline
from app.plays.providers import providers_of
from app.registrations.item_source import RestaurantSource
from app.registrations.pipeline import pipeline as restaurant_registration
from app.registrations.platform import OrderingPlatform, read_description
from app.reports import repository as report_repository
from app.reports.pipeline import pipeline as data_report
from app.settings import Settings

ITEM_SOURCES: tuple[ItemSource, ...] = (RestaurantSource(),)
"""Rows of workloads that templates can take their items from."""
CHILD_MODULES = (
    "app.extractions.sheet",
    "app.extractions.text_layer",
    "app.reports.profiling",
    "app.assets.images",
    "app.assets.contact_sheet_drawing",
)
"""What sandboxed children need: imported once, by the process they are forked from."""
EXPIRING = (report_repository.delete_expired,)
"""What housekeeping asks the workloads to remove because its time is over."""


def built_in(settings: Settings, ai_provider: Provider | None) -> tuple[Pipeline, ...]:
    """The workloads that come with the service, set up with what they reach outside of it."""
    providers = providers_of(
        hubspot_url=settings.hubspot_url,
        hubspot_token=settings.hubspot_token.get_secret_value() if settings.hubspot_token else None,
        data_url=settings.data_provider_url,
        data_token=settings.data_provider_token.get_secret_value() if settings.data_provider_token else None,
    )
    connections = Connections(
        dropbox_token=settings.dropbox_token,
        dropbox_url=settings.dropbox_url,
        dropbox_content_url=settings.dropbox_content_url,
        dropbox_folder=settings.dropbox_folder,
        monday_token=settings.monday_token,
        monday_url=settings.monday_url,
        monday_board=settings.monday_board,
        monday_columns=settings.monday_columns,
    )
    assets = (web_images, contact_sheet, originals, hand_over_pipeline(connections))
    return (make_pdf_extraction(ai_provider), data_report, *assets, play_pipeline(providers), restaurant_registration)


def ai_provider_of(settings: Settings) -> Provider | None:
    """The provider that reads scanned sheets, if one is set up."""
    if settings.ai_provider is None:
        return None
    return Provider(
        settings.ai_provider,
        model=settings.ai_model,
        key=settings.ai_key.get_secret_value() if settings.ai_key else "",
        base_url=settings.ai_base_url,
        timeout=settings.ai_timeout_seconds,
        max_file_bytes=settings.ai_max_file_bytes,
        max_output_tokens=settings.ai_max_output_tokens,
        parallel=settings.ai_parallel,
    )


def platform_of(settings: Settings) -> OrderingPlatform:
    """The platform that restaurants are registered on; it says so itself when it is not set up."""
    token = settings.platform_token.get_secret_value() if settings.platform_token else None
    return OrderingPlatform(settings.platform_url, token, read_description(settings.platform_file))
