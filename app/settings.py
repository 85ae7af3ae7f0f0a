"""Every setting of the service, read from the environment once. No other file reads the environment."""

from __future__ import annotations

import os
from functools import cached_property
from pathlib import Path
from typing import Literal, Self

from pydantic import AliasChoices, Field, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict, SettingsError

MIB = 1024 * 1024
GIB = 1024 * MIB


class Settings(BaseSettings):
    """Frozen settings; `.env.example` lists each one with its default and meaning."""

    model_config = SettingsConfigDict(
        env_prefix="TRANCHE_", env_file=".env", env_ignore_empty=True, extra="ignore", frozen=True
    )

    home: Path = Field(Path("data"), description="Data folder: database, files, keys.")
    host: str = Field("127.0.0.1", description="Address to listen on.")
    port: int = Field(8000, ge=0, le=65535, description="Port to listen on; 0 takes a free one.")
    public_url: str | None = Field(
        None, description="Address people reach the service at, for links in mail, webhooks and print."
    )
    database_url: SecretStr | None = Field(
        None,
        validation_alias=AliasChoices("DATABASE_URL", "TRANCHE_DATABASE_URL"),
        description="PostgreSQL 15 or newer; unset starts the embedded PostgreSQL 18.",
    )
    database_pool_size: int = Field(10, ge=2, le=200, description="Connections the HTTP side may hold.")
    admin_key: SecretStr | None = Field(
        None, description="The first admin's key; unset makes one and writes it to admin.key in the data folder."
    )
    storage_url: str | None = Field(
        None, description="Where file contents live: file:///path or s3://bucket/prefix; unset is a folder in home."
    )
    secret_key: SecretStr | None = Field(
        None,
        description="What webhook secrets and result codes are made from, the same everywhere; unset makes secret.key.",
    )
    smtp_url: SecretStr | None = Field(
        None, description="Mail server: smtp://user:password@host:587?starttls=required, or smtps://; unset sends none."
    )
    mail_from: str = Field("Tranche <tranche@localhost>", description="Whom mail comes from.")
    worker: Literal["embedded", "off"] = Field("embedded", description="Run jobs inside the API process, or not.")
    worker_slots: int = Field(256, ge=1, le=4096, description="Jobs one process runs at a time.")
    pipelines_dir: Path | None = Field(None, description="Folder of .py files, each with one or more pipelines.")
    child_processes: int = Field(
        default_factory=lambda: os.cpu_count() or 2, ge=1, le=256, description="Sandboxed children at a time."
    )
    child_memory_bytes: int = Field(512 * MIB, ge=64 * MIB, description="Address space of one child, in bytes.")
    child_cpu_seconds: int = Field(120, ge=1, description="Processor time of one child, in seconds.")
    max_upload_bytes: int = Field(16 * GIB, ge=1, description="Largest request body with files.")
    max_file_bytes: int = Field(2 * GIB, ge=1, description="Largest single file.")
    max_files: int = Field(10_000, ge=1, description="Most files, URLs or records in one batch.")
    max_json_bytes: int = Field(MIB, ge=1024, description="Largest JSON body.")
    max_submit_bytes: int = Field(64 * MIB, ge=1024, description="Largest JSON body of POST /api/batches.")
    ai_provider: Literal["openai", "openai-responses", "anthropic"] | None = Field(
        None, description="Who reads sheets when a batch asks for it: chat completions, responses, or messages."
    )
    ai_base_url: str | None = Field(None, description="Address of the AI provider's API; unset is the provider's own.")
    ai_key: SecretStr | None = Field(None, description="Key for the AI provider; a local server may need none.")
    ai_model: str = Field("", description="Model that reads sheets; needed when a provider is set.")
    ai_timeout_seconds: float = Field(180.0, gt=0, le=800, description="How long one request to the provider may take.")
    ai_max_file_bytes: int = Field(20 * MIB, ge=1, description="Largest sheet that is sent to the provider.")
    ai_max_output_tokens: int = Field(16_000, ge=256, description="Longest answer of the provider.")
    ai_parallel: int = Field(4, ge=1, le=256, description="Requests to the provider at a time.")
    outbound_allow: str = Field(
        "", description="Hosts or networks, by comma, that URL sources and webhooks may reach in intranets."
    )
    dropbox_token: SecretStr | None = Field(None, description="Token of a Dropbox app, for batches that ask for it.")
    dropbox_url: str = Field("https://api.dropboxapi.com", description="Dropbox's API.")
    dropbox_content_url: str = Field("https://content.dropboxapi.com", description="Dropbox's API for contents.")
    dropbox_folder: str = Field("", description="Folder in Dropbox below which batches get theirs.")
    monday_token: SecretStr | None = Field(None, description="Token of monday.com, for batches that ask for it.")
    monday_url: str = Field("https://api.monday.com/v2", description="monday.com's API.")
    monday_board: str | None = Field(None, description="Id of the board that batches are added to.")
    monday_columns: dict[str, str] = Field(
        default_factory=dict,
        description="JSON: status, customer_prefix, description, total_files, failed_jobs, created_at to column ids.",
    )
    hubspot_url: str = Field("https://api.hubapi.com", description="HubSpot's API, where plays look leads up.")
    hubspot_token: SecretStr | None = Field(None, description="Token of a HubSpot private app; unset leaves it out.")
    data_provider_url: str | None = Field(
        None, description="Where data of a lead comes from: an address with {{type}} and {{lead}} in it."
    )
    data_provider_token: SecretStr | None = Field(None, description="Sent to the data provider as a bearer token.")
    play_writes_per_minute: int = Field(120, ge=1, description="Changes of plays and their data, for each user.")
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
    stream_heartbeat_seconds: float = Field(15.0, gt=0, description="Silence after which a stream sends a comment.")
    stream_max_age_seconds: float = Field(1800.0, gt=0, description="Age at which a stream is closed, +-20 %.")
    stream_send_timeout_seconds: float = Field(10.0, gt=0, description="A reader that takes nothing so long is cut.")
    stream_listen: bool = Field(True, description="Off where LISTEN cannot work, behind some poolers: streams poll.")
    stream_recheck_seconds: float = Field(
        60.0, gt=0, description="How often open streams' keys and sessions are checked."
    )
    streams_per_key: int = Field(20, ge=1, description="Most open streams of one key or session, in one process.")
    streams_per_process: int = Field(6000, ge=1, description="Most open streams of one process.")
    request_patience_seconds: float = Field(20.0, gt=0, description="How long a request may take to begin or to go on.")
    shutdown_seconds: float = Field(3.0, gt=0, description="How long running steps may finish after SIGTERM.")
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="Least severe line logged.")

    @model_validator(mode="after")
    def check_ai_model(self) -> Self:
        if self.ai_provider and not self.ai_model:
            raise ValueError("TRANCHE_AI_PROVIDER needs TRANCHE_AI_MODEL")
        return self

    @cached_property
    def base_url(self) -> str:
        """What goes before a path in links that leave the house; empty when people's address is not known."""
        return (self.public_url or "").rstrip("/")

    @cached_property
    def outbound_allow_list(self) -> tuple[str, ...]:
        return tuple(entry.strip() for entry in self.outbound_allow.split(",") if entry.strip())


class SettingsNotValid(ValueError):
    """The environment or .env cannot be used; the message has a line for each setting."""


def read_settings() -> Settings:
    """The settings of the environment and .env; raises SettingsNotValid."""
    try:
        return Settings()
    except SettingsError as error:
        raise SettingsNotValid(f"{error}: {error.__cause__}".replace("\n", " ")) from None
    except ValidationError as error:
        problems = [
            f"{'.'.join(map(str, problem['loc']))}: {problem['msg'].removeprefix('Value error, ')}"
            for problem in error.errors()
        ]
        raise SettingsNotValid("\n".join(problem.removeprefix(": ") for problem in problems)) from None
