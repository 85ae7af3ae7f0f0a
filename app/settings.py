"""Reads settings from the environment, once. No other file reads it; each room declares a section of its own."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from functools import cached_property
from pathlib import Path
from typing import Any, Final, Literal, Self, TypeVar
from urllib.parse import SplitResult, quote, urlsplit, urlunsplit

from pydantic import (
    AliasChoices,
    Field,
    HttpUrl,
    PrivateAttr,
    SecretStr,
    TypeAdapter,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, DotEnvSettingsSource, SettingsConfigDict, SettingsError

KIB, MIB, GIB = 1024, 1024**2, 1024**3
PREFIX = "TRANCHE_"
OWN_SEGMENTS = {
    *("api", "console", "docs", "healthz", "invitation", "metrics", "openapi.json", "r", "readyz", "sign-in"),
    "static-offline-docs",
}
"""What the service's own paths begin with. The path that it is below must begin with something else: so each request
tells whether the proxy in front has taken that path off."""
_WEB_ADDRESS = TypeAdapter(HttpUrl)
_PUBLIC_PATH = re.compile(r"(/[A-Za-z0-9._~!$'()*+,=:@%-]+)*/?")
_HOSTS: Final = re.compile(r"(\[[\da-fA-F:.]+]|[^\s:,@\[\]]*)(:\d+)?")
_NO_FILE: Final = "The file .env cannot be read: {}"
_OF_KUBERNETES: Final = re.compile(rf"\A{PREFIX}\w*?(PORT_\d+_|SERVICE_HOST|SERVICE_PORT)")
"""What it sets in every container of a namespace with a Service named tranche."""


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
        None,
        description="Address people reach the service at, with the path that it is below, if any: https://host/tranche/.",
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
    database_password: SecretStr | None = Field(
        None, description="Password of DATABASE_URL's user, as it is; in the address it would stand percent-encoded."
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
    hsts_subdomains: bool = Field(
        False, description="Say the same of every host below this one (includeSubDomains): all must speak https."
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

    @field_validator("public_url")
    @classmethod
    def _check_public_url(cls, value: str | None) -> str | None:
        """As browsers write it: host in small letters, no port that the scheme has anyway, the path percent-encoded."""
        if value is None:
            return None
        try:
            url = _WEB_ADDRESS.validate_python(value)
        except ValidationError:
            raise ValueError("must be an address such as https://host/ or https://host/tranche/") from None
        if url.username or url.password or url.query is not None or url.fragment is not None:
            raise ValueError("the address must have nothing but a host, a port and a path")
        path = url.path or "/"
        if not _PUBLIC_PATH.fullmatch(path):
            raise ValueError(f"the service cannot be below the path {path}")
        if (first := path.split("/")[1]) in OWN_SEGMENTS:
            raise ValueError(f"the path must not begin with /{first}, as paths of the service do")
        return str(url).rstrip("/")

    @field_validator("port", mode="before")
    @classmethod
    def check_port(cls, port: Any) -> Any:
        if isinstance(port, str) and port.startswith("tcp://"):
            raise ValueError("Kubernetes sets it so for a Service named tranche: say enableServiceLinks: false")
        return port

    @field_validator("database_url")
    @classmethod
    def check_database_url(cls, url: SecretStr | None) -> SecretStr | None:
        if url is None:
            return None
        scheme, separator, rest = url.get_secret_value().partition("://")
        place = re.split(r"[/?#]", rest, maxsplit=1)[0]
        user, _, hosts = place.rpartition("@")
        if scheme not in ("postgresql", "postgres") or not separator:
            raise ValueError("must begin with postgresql://")
        if "#" in rest or "@" in user or not all(_HOSTS.fullmatch(host) for host in hosts.split(",")):
            raise ValueError(
                "must look like postgresql://USER:PASSWORD@HOST:PORT/DATABASE; a password that has one of / # ? @ % :"
                " stands in TRANCHE_DATABASE_PASSWORD, or percent-encoded in the address"
            )
        return url

    @model_validator(mode="after")
    def check_password(self) -> Self:
        if self.database_password and (self.database_url is None or not self._database_parts.username):
            raise ValueError(
                "TRANCHE_DATABASE_PASSWORD needs DATABASE_URL with a user in it, as postgresql://USER@HOST"
            )
        if self.database_password and self._database_parts.password:
            raise ValueError(
                "the password stands in DATABASE_URL and in TRANCHE_DATABASE_PASSWORD: leave one of them out"
            )
        return self

    @property
    def _database_parts(self) -> SplitResult:
        return urlsplit(self.database_url.get_secret_value() if self.database_url else "")

    @cached_property
    def database_address(self) -> str | None:
        """The libpq address of DATABASE_URL with its password; None where the embedded PostgreSQL is used."""
        if self.database_url is None or self.database_password is None:
            return self.database_url.get_secret_value() if self.database_url else None
        parts = self._database_parts
        user, _, hosts = parts.netloc.rpartition("@")
        password = quote(self.database_password.get_secret_value(), safe="")
        return urlunsplit(parts._replace(netloc=f"{user.removesuffix(':')}:{password}@{hosts}"))

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

    def values(self, database_url: str) -> dict[str, Any]:
        """Every setting by its name, as JSON takes it, for another process of the same installation."""
        found: dict[str, Any] = {}
        for section in (self, *self._sections.values()):
            for name in type(section).model_fields:
                value = getattr(section, name)
                found[name] = value.get_secret_value() if isinstance(value, SecretStr) else value
        found |= {"home": str(self.home.absolute()), "database_url": database_url}
        return {name: str(value) if isinstance(value, Path) else value for name, value in found.items()}

    @property
    def otlp_endpoint(self) -> str | None:
        """Where traces and metrics go; None when none are wanted."""
        return None if self.otel_sdk_disabled else self.otel_exporter_otlp_endpoint

    @cached_property
    def base_url(self) -> str:
        """What goes before a path in links that leave the house; empty when people's address is not known."""
        return self.public_url or ""

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
            problems += [line for line in str(wrong).splitlines() if line not in problems]
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
        problems = [_sentence(section, problem["loc"], problem["input"], problem["msg"]) for problem in error.errors()]
        raise SettingsNotValid("\n".join(problems)) from None
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsNotValid(_NO_FILE.format(error)) from None


def _sentence(section: type[Section], place: tuple[int | str, ...], value: object, said: str) -> str:
    """What is wrong with a setting, by the name of its variable; the value as well, where it is no secret."""
    said = said.removeprefix("Value error, ")
    if not place:
        return said
    name = next(
        (name for name, field in section.model_fields.items() if place[0] in (name, *variables(name, field))), ""
    )
    if not name:
        return f"{'.'.join(map(str, place))}: {said}"
    field = section.model_fields[name]
    secret = "SecretStr" in str(field.annotation)
    return f"{variables(name, field)[0]}{'' if secret else f' is {str(value)!r:.100}'}: {said}"


def variables(name: str, field: FieldInfo) -> tuple[str, ...]:
    """The environment variables of a setting, the one that is documented first."""
    alias = field.validation_alias
    return tuple(map(str, alias.choices)) if isinstance(alias, AliasChoices) else (f"{PREFIX}{name.upper()}",)


def find_unknown(sections: Iterable[type[Section]]) -> list[str]:
    """A sentence for each variable of ours, in the environment or .env, that is no setting of any of these sections.

    Raises SettingsNotValid where there is a .env that cannot be read.
    """
    every: tuple[type[Section], ...] = (Settings, *sections)
    known = {variable for section in every for each in section.model_fields.items() for variable in variables(*each)}
    try:
        in_file = DotEnvSettingsSource(Settings).env_vars
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsNotValid(_NO_FILE.format(error)) from None
    given = {name.upper() for name in (*os.environ, *in_file)}
    sentences = []
    for name in sorted(name for name in given - known if name.startswith(PREFIX) and not _OF_KUBERNETES.match(name)):
        near = get_close_matches(name, known, 1, 0.7)
        sentences.append(f"there is no setting {name}" + (f"; did you mean {near[0]}?" if near else ""))
    return sentences
