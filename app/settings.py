"""Reads settings from the environment, once. No other file reads it; each room declares a section of its own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, TypeVar

from pydantic import AliasChoices, Field, PrivateAttr, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict, SettingsError

KIB, MIB, GIB = 1024, 1024**2, 1024**3
PREFIX = "TRANCHE_"


class Section(BaseSettings):
    """Settings that belong together. Frozen; `.env.example` lists each one with its default and meaning."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_file=".env", env_ignore_empty=True, extra="ignore", frozen=True, populate_by_name=True
    )


S = TypeVar("S", bound=Section)


class Settings(Section):
    """What every room needs to know. `of` gives the section of a room."""

    home: Path = Field(Path("data"), description="Data folder: database, files, keys.")
    host: str = Field("127.0.0.1", description="Address to listen on, or unix: and the path of a socket.")
    port: int = Field(8000, ge=0, le=65535, description="Port to listen on; 0 takes a free one.")
    public_url: str | None = Field(
        None, description="Address people reach the service at, for links in mail, webhooks and print."
    )
    trusted_proxies: str = Field(
        "127.0.0.1,::1,unix",
        validation_alias=AliasChoices("TRANCHE_TRUSTED_PROXIES", "FORWARDED_ALLOW_IPS"),
        description="Proxies that may say who the client is: addresses and networks, by comma; unix, or * for all.",
    )
    proxy_header: Literal["x-forwarded-for", "forwarded"] = Field(
        "x-forwarded-for", description="Where they say it; x-forwarded-for goes with X-Forwarded-Proto."
    )
    database_url: SecretStr | None = Field(
        None,
        validation_alias=AliasChoices("DATABASE_URL", "TRANCHE_DATABASE_URL"),
        description="PostgreSQL 15 or newer; unset starts the embedded PostgreSQL 18.",
    )
    database_pool_size: int = Field(10, ge=2, le=200, description="Connections the HTTP side may hold.")
    secret_key: SecretStr | None = Field(
        None,
        description="What other secrets and codes are made from, the same everywhere; unset makes secret.key.",
    )
    secret_key_previous: SecretStr | None = Field(
        None, description="The secret key before, while it is being replaced: what was made with it still counts."
    )
    worker: Literal["embedded", "off"] = Field("embedded", description="Run jobs inside the API process, or not.")
    outbound_allow: str = Field(
        "", description="Hosts or networks, by comma, that URL sources and webhooks may reach in intranets."
    )
    max_json_bytes: int = Field(MIB, ge=1024, description="Largest JSON body.")
    connections_per_address: int = Field(
        256, ge=8, description="Connections that one address may have; those of trusted proxies are not counted."
    )
    hsts_seconds: int = Field(
        31_536_000, ge=0, description="How long browsers that came by https must not come without; 0 does not say so."
    )
    max_buffered_bytes: int = Field(
        128 * MIB, ge=MIB, description="Bytes of large JSON bodies that may be held in memory at once; more get a 503."
    )
    request_patience_seconds: float = Field(20.0, gt=0, description="How long a request may take to begin or to go on.")
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="Least severe line logged.")
    log_format: Literal["json", "console"] | None = Field(
        None, description="How lines are logged; unset is console on a terminal, and json elsewhere."
    )

    otel_exporter_otlp_endpoint: str | None = Field(
        None,
        validation_alias=AliasChoices("OTEL_EXPORTER_OTLP_ENDPOINT"),
        description="Where traces and metrics are sent, by OTLP over HTTP; unset sends none. Needs tranche[otel].",
    )
    otel_sdk_disabled: bool = Field(
        False, validation_alias=AliasChoices("OTEL_SDK_DISABLED"), description="Send none, wherever the above says."
    )

    _sections: dict[type[Section], Section] = PrivateAttr(default_factory=dict)

    def of(self, section: type[S]) -> S:
        """The settings of one room, read now if they were not read before; raises SettingsNotValid."""
        if section not in self._sections:
            read_section(section, self._sections)
        found = self._sections[section]
        assert isinstance(found, section)
        return found

    def secrets(self) -> list[str]:
        """Every value of a setting that is a secret, for those who keep them out of what people see."""
        sections = (self, *self._sections.values())
        values = [getattr(section, name) for section in sections for name in type(section).model_fields]
        return [value.get_secret_value() for value in values if isinstance(value, SecretStr)]

    @property
    def otlp_endpoint(self) -> str | None:
        """Where traces and metrics go; None when none are wanted."""
        return None if self.otel_sdk_disabled else self.otel_exporter_otlp_endpoint

    @cached_property
    def base_url(self) -> str:
        """What goes before a path in links that leave the house; empty when people's address is not known."""
        return (self.public_url or "").rstrip("/")

    @cached_property
    def outbound_allow_list(self) -> tuple[str, ...]:
        return tuple(entry.strip() for entry in self.outbound_allow.split(",") if entry.strip())


class SettingsNotValid(ValueError):
    """The environment or .env cannot be used; the message has a line for each setting."""


def read_settings(sections: Iterable[type[Any]] = (), **values: Any) -> Settings:
    """The settings of the environment and .env, with those of the sections; raises SettingsNotValid with every fault.

    `values` come before the environment's, by name, whichever section they belong to; `_env_file=None` reads no .env.
    """
    made: dict[type[Section], Section] = {}
    problems: list[str] = []
    every: tuple[type[Section], ...] = (Settings, *sections)
    for section in every:
        try:
            read_section(section, made, values)
        except SettingsNotValid as wrong:
            problems.append(str(wrong))
    known = {name for section in every for name in section.model_fields} | {"_env_file"}
    problems += [f"there is no setting {name}" for name in values if name not in known]
    if problems:
        raise SettingsNotValid("\n".join(problems))
    settings = made.pop(Settings)
    assert isinstance(settings, Settings)
    settings._sections = made
    return settings


def read_section(
    section: type[Section], into: dict[type[Section], Section], values: Mapping[str, Any] | None = None
) -> None:
    """Read one section and put it with the others; raises SettingsNotValid."""
    own = {name: value for name, value in (values or {}).items() if name in section.model_fields or name[0] == "_"}
    try:
        into[section] = section(**own)
    except SettingsError as error:
        raise SettingsNotValid(f"{error}: {error.__cause__}".replace("\n", " ")) from None
    except ValidationError as error:
        problems = [
            f"{'.'.join(map(str, problem['loc']))}: {problem['msg'].removeprefix('Value error, ')}"
            for problem in error.errors()
        ]
        raise SettingsNotValid("\n".join(problem.removeprefix(": ") for problem in problems)) from None
