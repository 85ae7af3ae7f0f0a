"""Settings of signing in with an OpenID provider, and the rules that its groups are read by."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from ipaddress import ip_address
from typing import Final, Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator, model_validator

from app.auth.permissions import ROLES
from app.settings import Section

OPERATOR: Final = "operator"
GOOGLE: Final = "https://accounts.google.com"
"""The one well-known issuer with which anybody in the world has an account."""


@dataclass(frozen=True, slots=True)
class GroupRule:
    """Who is in `group` has `role`, or operates the installation, in `organisation`: its name or id, None for the usual
    one."""

    group: str
    role: str
    organisation: str | None = None


def parse_groups(text: str) -> tuple[GroupRule, ...]:
    """`GROUP=ROLE` or `GROUP=ROLE@ORGANISATION`, by comma; by semicolon where names of groups have commas.

    ValueError: an entry is none of these.
    """
    rules = []
    for entry in text.split(";" if ";" in text else ","):
        if not entry.strip():
            continue
        group, equals, target = entry.strip().rpartition("=")
        role, _, organisation = target.partition("@")
        group, role = group.strip(), role.strip()
        if not equals or not group or role not in (*ROLES, OPERATOR):
            raise ValueError(f"{entry.strip()!r} is not GROUP=ROLE with viewer, member, admin or operator for ROLE")
        rules.append(GroupRule(group, role, organisation.strip() or None))
    return tuple(rules)


class OidcSettings(Section):
    """Settings of signing in with an OpenID provider: see docs/access.md."""

    oidc_issuer: str | None = Field(
        None, description="The OpenID provider that people sign in with, exactly as it calls itself; unset is none."
    )
    oidc_client_id: str | None = Field(None, description="What the provider calls this service.")
    oidc_client_secret: SecretStr | None = Field(
        None, description="The provider's secret for this service; unset where it has none."
    )
    oidc_label: str = Field(
        "single sign-on", min_length=1, max_length=40, description='What the button says after "Sign in with".'
    )
    oidc_scopes: str = Field("openid profile email", description="What is asked of the provider, by blank.")
    oidc_groups_claim: str = Field(
        "groups", min_length=1, description="Where the provider names groups: a claim, or a path such as a.b.c."
    )
    oidc_groups: str = Field(
        "", description="GROUP=ROLE or GROUP=ROLE@ORGANISATION, by comma; unset: roles are given in Tranche alone."
    )
    oidc_organisation: str | None = Field(
        None,
        description="Whose users people are where no group says so: name or id; unset is the first administrator's.",
    )
    oidc_default_role: Literal["viewer", "member", "admin"] | None = Field(
        None, description="Role of new people, or of those in none of the groups; unset refuses them."
    )
    oidc_create_users: bool = Field(True, description="Make a user at the first sign-in of a person who has a role.")
    oidc_email_domains: str = Field(
        "", description="Domains, by comma, one of which a person's verified address must have; unset is any."
    )
    oidc_link_by_email: bool = Field(
        False, description="Let a person who is new be the one user with the same verified address."
    )
    oidc_trust_email: bool = Field(
        False, description="Count addresses as verified where the provider does not say whether they are."
    )
    oidc_acr: str = Field(
        "", description="Values of acr, by blank, one of which each sign-in must have had; unset is any."
    )
    oidc_session_hours: float = Field(
        12.0, gt=0, le=8784, description="Hours after which who came by the provider must sign in again."
    )

    @field_validator("oidc_issuer")
    @classmethod
    def check_issuer(cls, issuer: str | None) -> str | None:
        if issuer is None:
            return None
        url = urlsplit(issuer)
        if not url.hostname or url.query or url.fragment or url.username:
            raise ValueError("must be a URL without a query, such as https://login.example.org/realms/acme")
        if url.scheme != "https" and not (url.scheme == "http" and _is_loopback(url.hostname)):
            raise ValueError("must begin with https://; http:// is only for this machine")
        return issuer

    @field_validator("oidc_groups")
    @classmethod
    def check_groups(cls, text: str) -> str:
        parse_groups(text)
        return text

    @model_validator(mode="after")
    def check_together(self) -> Self:
        if self.oidc_issuer is None:
            return self
        if not self.oidc_client_id:
            raise ValueError("TRANCHE_OIDC_ISSUER needs TRANCHE_OIDC_CLIENT_ID")
        if "openid" not in self.oidc_scopes.split():
            raise ValueError("TRANCHE_OIDC_SCOPES must have openid among them")
        if self.oidc_issuer.rstrip("/") == GOOGLE and self.oidc_default_role and not self.email_domains:
            raise ValueError(
                "With Google, TRANCHE_OIDC_DEFAULT_ROLE needs TRANCHE_OIDC_EMAIL_DOMAINS: else all may come"
            )
        return self

    @cached_property
    def group_rules(self) -> tuple[GroupRule, ...]:
        return parse_groups(self.oidc_groups)

    @cached_property
    def email_domains(self) -> frozenset[str]:
        domains = (domain.strip().lower().lstrip("@") for domain in self.oidc_email_domains.split(","))
        return frozenset(domain for domain in domains if domain)

    @property
    def session_life(self) -> timedelta:
        return timedelta(hours=self.oidc_session_hours)


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
