"""Settings of signing in with a provider, and the shapes that its claims have."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from app.accounts.openid.claims import groups_of, person_of
from app.accounts.openid.provider import Provider, PublicUrlMissing
from app.accounts.openid.settings import GroupRule, OidcSettings, parse_groups


def settings(**values: Any) -> OidcSettings:
    known = {"oidc_issuer": "https://login.example.org", "oidc_client_id": "tranche"}
    return OidcSettings(_env_file=None, **(known | values))


@pytest.mark.parametrize(
    ("claims", "path", "groups"),
    [
        ({"groups": ["a", "b"]}, "groups", {"a", "b"}),
        ({"groups": ["/a", 1, None, " b "]}, "groups", {"/a", "b"}),
        ({"groups": "a"}, "groups", {"a"}),
        ({"groups": "a, b c"}, "groups", {"a, b c", "a", "b c"}),
        ({"realm_access": {"roles": ["a"]}}, "realm_access.roles", {"a"}),
        ({"resource_access": {"my.client": {"roles": ["a"]}}}, "resource_access.my.client.roles", {"a"}),
        ({"https://acme.example/groups": ["a"]}, "https://acme.example/groups", {"a"}),
        ({"urn:zitadel:iam:org:project:roles": {"a": {"1": "x"}}}, "urn:zitadel:iam:org:project:roles", {"a"}),
        ({"groups": None}, "groups", set()),
        ({"groups": 5}, "groups", set()),
        ({"realm_access": ["roles"]}, "realm_access.roles", set()),
        ({}, "groups", set()),
        ({"_claim_names": {"groups": "src1"}, "_claim_sources": {}}, "groups", None),
        ({"hasgroups": True}, "groups", None),
        ({"_claim_names": {"other": "src1"}}, "groups", set()),
    ],
)
def test_groups_have_different_shapes(claims: dict[str, Any], path: str, groups: set[str] | None) -> None:
    assert groups_of(claims, path) == (None if groups is None else frozenset(groups))


def test_rules() -> None:
    assert parse_groups(" a=admin, b = member@Swim team ,") == (
        GroupRule("a", "admin"),
        GroupRule("b", "member", "Swim team"),
    )
    assert parse_groups("cn=a,dc=x=viewer; ops=operator") == (
        GroupRule("cn=a,dc=x", "viewer"),
        GroupRule("ops", "operator"),
    )
    for wrong in ("a", "a=", "=admin", "a=root", "a=admin@x=y"):
        with pytest.raises(ValueError, match="is not GROUP=ROLE"):
            parse_groups(wrong)


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"oidc_client_id": None}, "needs TRANCHE_OIDC_CLIENT_ID"),
        ({"oidc_issuer": "http://login.example.org"}, "must begin with https"),
        ({"oidc_issuer": "ftp://localhost"}, "must begin with https"),
        ({"oidc_issuer": "login.example.org"}, "must be a URL"),
        ({"oidc_issuer": "https://a:b@login.example.org"}, "must be a URL"),
        ({"oidc_scopes": "profile"}, "must have openid"),
        ({"oidc_groups": "a=b"}, "is not GROUP=ROLE"),
        ({"oidc_issuer": "https://accounts.google.com", "oidc_default_role": "member"}, "else all may come"),
    ],
)
def test_settings_that_cannot_be_meant(values: dict[str, Any], told: str) -> None:
    with pytest.raises(ValidationError, match=told):
        settings(**values)


async def test_a_provider_needs_the_public_address() -> None:
    with pytest.raises(PublicUrlMissing):
        await Provider(settings(oidc_issuer="http://localhost:9000"), "", ()).start()


def test_google_says_whose_account_it_is() -> None:
    google = settings(oidc_issuer="https://accounts.google.com", oidc_email_domains="acme.example")
    claims = {"sub": "1", "email": "a@acme.example", "email_verified": True}
    assert person_of("https://accounts.google.com", claims, google).domain is None
    assert person_of("https://accounts.google.com", claims | {"hd": "acme.example"}, google).domain == "acme.example"


def test_names_are_cleaned() -> None:
    claims = {"sub": "1", "name": " A\tB\x00\ud800 ", "preferred_username": 5, "email": "no address"}
    person = person_of("https://login.example.org", claims, settings())
    assert person.names == ("A B", "no address", "1")
    assert (person.email, person.email_is_verified) == (None, False)
    assert person_of("https://login.example.org", {"sub": "1", "name": "x" * 999}, settings()).names[0] == "x" * 200
