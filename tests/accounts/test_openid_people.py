"""Who becomes which user by the OpenID provider, and what its groups change at each sign-in."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from sqlalchemy import func, select, update

from app.accounts.openid.provider import Provider as Client
from app.accounts.openid.settings import OidcSettings
from app.audit.models import AuditEntry
from app.auth import service
from app.auth.models import User
from tests.accounts.openid_provider import (
    PUBLIC_URL,
    Browser,
    Provider,
    forget_provider,
    settings_for,
)
from tests.auth.people import caller, cookie_of
from tests.conftest import Api

pytestmark = pytest.mark.own_service
GROUPS = (
    "admins=admin,makers=member,readers=viewer,ops=operator,makers=admin@Second,others=member@Second,lost=member@None"
)


@pytest.fixture(scope="module")
def settings_values(running_provider: Provider) -> dict[str, Any]:
    return settings_for(running_provider, oidc_groups=GROUPS)


@pytest.fixture(autouse=True)
async def known(api: Api, provider: Provider, monkeypatch: pytest.MonkeyPatch) -> None:
    await forget_provider(api)


def set_up(api: Api, monkeypatch: pytest.MonkeyPatch, **values: Any) -> None:
    """Other settings than those of the module, for one test."""
    client = api.installation.get(Client)
    own = {name: getattr(client.settings, name) for name in OidcSettings.model_fields}
    monkeypatch.setattr(client, "settings", OidcSettings(_env_file=None, **(own | values)))


async def sign_in(
    api: Api, provider: Provider, subject: str, *groups: str, **claims: Any
) -> tuple[int, dict[str, Any]]:
    """The answer's status, and who that is."""
    provider.person = {"sub": subject, "name": subject.title(), "groups": list(groups)} | claims
    async with Browser(api) as browser:
        return (await browser.sign_in()).status_code, await browser.who()


async def last(api: Api, action: str) -> AuditEntry:
    async with api.installation.database.transaction() as session:
        query = select(AuditEntry).where(AuditEntry.action == action).order_by(AuditEntry.at.desc()).limit(1)
        return (await session.execute(query)).scalar_one()


async def add(api: Api, name: str, organisation: str = "Default", **values: Any) -> User:
    async with api.installation.database.transaction() as session:
        user = await service.ensure_user(session, organisation, name, "member")
        for column, value in values.items():
            setattr(user, column, value)
        return user


async def test_groups_give_the_highest_role_and_take_it_again(api: Api, provider: Provider) -> None:
    seen = []
    for groups in (("readers",), ("readers", "admins"), ("ops", "admins"), ("ops",), ("makers", "unknown")):
        status, who = await sign_in(api, provider, "ada", *groups)
        assert status == 303
        seen.append((who["user"]["role"], who["user"]["operator"], who["user"]["id"]))
    assert [entry[:2] for entry in seen] == [
        ("viewer", False),
        ("admin", False),
        ("admin", True),
        ("viewer", True),
        ("member", False),
    ]
    assert len({entry[2] for entry in seen}) == 1
    changed = await last(api, "user.updated")
    assert changed.actor_name == "OpenID groups"
    assert changed.details["changed"] == {
        "role": {"from": "viewer", "to": "member"},
        "operator": {"from": True, "to": False},
    }


async def test_who_loses_all_groups_is_refused_and_signed_out(api: Api, provider: Provider) -> None:
    provider.person = {"sub": "bob", "name": "Bob", "groups": ["makers"]}
    async with Browser(api) as browser:
        assert (await browser.sign_in()).status_code == 303
        assert await browser.who()
        status, _ = await sign_in(api, provider, "bob", "unknown")
        assert status == 403
        assert await browser.who() == {}
    refused = await last(api, "session.refused")
    assert refused.details == {"by": "openid", "reason": "no_group", "subject": "bob", "email": None}
    assert refused.target_name == "Bob"
    assert (await last(api, "session.ended")).details == {"count": 1, "by": "openid", "reason": "no_group"}


async def test_no_group_no_claim_and_too_many_are_refused(api: Api, provider: Provider) -> None:
    assert (await sign_in(api, provider, "carl"))[0] == 403
    assert (await last(api, "session.refused")).details["reason"] == "no_group"
    assert (await sign_in(api, provider, "carl", groups=None))[0] == 403
    assert (await sign_in(api, provider, "carl", groups=None, _claim_names={"groups": "src1"}))[0] == 403
    assert (await last(api, "session.refused")).details["reason"] == "groups_left_out"
    async with api.installation.database.transaction() as session:
        assert (await session.execute(select(func.count()).where(User.name == "Carl"))).scalar_one() == 0


async def test_groups_lead_to_organisations(api: Api, provider: Provider) -> None:
    await add(api, "someone", "Second")
    provider.person = {"sub": "dora", "name": "Dora", "groups": ["readers"]}
    async with Browser(api) as browser:
        assert (await browser.sign_in()).status_code == 303
        status, who = await sign_in(api, provider, "dora", "others")
        assert status == 303
        assert who["organisation"]["name"] == "Second"
        assert await browser.who() == {}  # who left the groups of the first organisation is signed out there
    status, who = await sign_in(api, provider, "dora", "makers", "others")  # the first rule that fits decides
    assert (who["organisation"]["name"], who["user"]["role"]) == ("Default", "member")
    assert (await sign_in(api, provider, "erna", "lost"))[0] == 403
    assert (await last(api, "session.refused")).details["reason"] == "organisation_missing"


async def test_people_are_told_apart_by_their_subject(api: Api, provider: Provider) -> None:
    first = (await sign_in(api, provider, "one", "makers", name="Fay", email="fay@x.example"))[1]
    second = (await sign_in(api, provider, "two", "makers", name="Fay", email="fay@x.example"))[1]
    again = (await sign_in(api, provider, "one", "makers", name="Another", email="other@x.example"))[1]
    assert first["user"]["name"] == "Fay"
    assert second["user"]["name"] == "Fay (fay@x.example)"
    assert again["user"]["id"] == first["user"]["id"] != second["user"]["id"]
    assert first["user"]["email"] is None  # as nobody says that it is verified
    verified = (await sign_in(api, provider, "six", "makers", email="six@x.example", email_verified=True))[1]
    assert verified["user"]["email"] == "six@x.example"


async def test_two_first_sign_ins_at_once_make_one_user(api: Api, provider: Provider) -> None:
    provider.person = {"sub": "twice", "name": "Twice", "groups": ["makers"]}
    async with Browser(api) as first, Browser(api) as second:
        ways_back = [await browser.ask_provider(await browser.begin()) for browser in (first, second)]
        answers = await asyncio.gather(first.get(ways_back[0]), second.get(ways_back[1]))
        assert [answer.status_code for answer in answers] == [303, 303]
        assert (await first.who())["user"]["id"] == (await second.who())["user"]["id"]


async def test_a_deactivated_user_stays_out(api: Api, provider: Provider) -> None:
    user_id = (await sign_in(api, provider, "gus", "makers"))[1]["user"]["id"]
    provider.person = {"sub": "gus", "name": "Gus", "groups": ["makers"]}
    async with Browser(api) as browser:
        await browser.sign_in()
        assert (await api.patch(f"/api/users/{user_id}", json={"active": False})).status_code == 200
        assert await browser.who() == {}
    assert (await sign_in(api, provider, "gus", "admins"))[0] == 403
    assert (await last(api, "session.refused")).details["reason"] == "deactivated"


async def test_an_organisation_keeps_its_administrator(api: Api, provider: Provider) -> None:
    await add(api, "someone", "Second")
    await sign_in(api, provider, "hal", "makers", "others")
    async with api.installation.database.transaction() as session:
        second = await service.ensure_user(session, "Second", "someone", "member")
        await session.execute(update(User).where(User.organisation_id == second.organisation_id).values(role="member"))
    _, who = await sign_in(api, provider, "hal", "others")
    async with api.installation.database.transaction() as session:
        await session.execute(update(User).where(User.id == who["user"]["id"]).values(role="admin"))
    assert (await sign_in(api, provider, "hal", "others"))[0] == 403
    assert (await last(api, "session.refused")).details["reason"] == "last_administrator"
    async with api.installation.database.transaction() as session:
        assert (await session.get_one(User, who["user"]["id"])).role == "admin"


async def test_an_address_links_only_where_it_is_wanted_and_verified(
    api: Api, provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    user = await add(api, "Ivy", email="Ivy@x.example")
    claims: dict[str, Any] = {"email": "ivy@X.example", "email_verified": True, "name": "Not Ivy"}

    async def becomes(subject: str, **more: Any) -> str:
        status, who = await sign_in(api, provider, subject, "makers", **(claims | more))
        assert status == 303
        return str(who["user"]["id"])

    assert await becomes("i1") != str(user.id)
    set_up(api, monkeypatch, oidc_link_by_email=True)
    assert await becomes("i2", email_verified=False) != str(user.id)
    assert await becomes("i3", email_verified=None) != str(user.id)
    async with api.installation.database.transaction() as session:
        await session.execute(update(User).where(User.id == user.id).values(operator=True))
    assert await becomes("i4") != str(user.id)  # an operator never is
    async with api.installation.database.transaction() as session:
        await session.execute(update(User).where(User.id == user.id).values(operator=False))
        await session.execute(update(User).where(User.id != user.id, User.email.is_not(None)).values(email=None))
    twin = await add(api, "Ivy's twin", email="ivy@x.example")
    assert await becomes("i5") not in (str(user.id), str(twin.id))  # nobody can tell which of the two
    async with api.installation.database.transaction() as session:
        await session.execute(update(User).where(User.id != user.id, User.email.is_not(None)).values(email=None))
    assert await becomes("i6") == str(user.id)
    linked = await last(api, "identity.linked")
    assert linked.details["subject"] == "i6"
    assert await becomes("i7") != str(user.id)  # who is somebody already is nobody else
    assert await becomes("i6", email="gone@x.example") == str(user.id)


async def test_unknown_people_are_made_only_where_it_is_wanted(
    api: Api, provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_up(api, monkeypatch, oidc_create_users=False)
    assert (await sign_in(api, provider, "joe", "makers"))[0] == 403
    assert (await last(api, "session.refused")).details["reason"] == "unknown"
    set_up(api, monkeypatch, oidc_groups="", oidc_create_users=True)
    assert (await sign_in(api, provider, "joe", "makers"))[0] == 403
    set_up(api, monkeypatch, oidc_groups="", oidc_default_role="viewer", oidc_create_users=True)
    assert (await sign_in(api, provider, "joe"))[1]["user"]["role"] == "viewer"
    async with api.installation.database.transaction() as session:
        await session.execute(update(User).where(User.name == "Joe").values(role="member"))
    assert (await sign_in(api, provider, "joe"))[1]["user"]["role"] == "member"  # roles are given in Tranche


async def test_domains(api: Api, provider: Provider, monkeypatch: pytest.MonkeyPatch) -> None:
    set_up(api, monkeypatch, oidc_email_domains="acme.example, @other.example")
    verified: dict[str, Any] = {"email": "kim@ACME.example", "email_verified": True}
    assert (await sign_in(api, provider, "kim", "makers", **verified))[0] == 303
    for bad in ({"email_verified": False}, {"email_verified": None}, {"email": "kim@evil.example"}, {"email": None}):
        assert (await sign_in(api, provider, "kim", "makers", **(verified | bad)))[0] == 403
    assert (await last(api, "session.refused")).details["reason"] == "email_domain"
    set_up(api, monkeypatch, oidc_trust_email=True)
    assert (await sign_in(api, provider, "kim", "makers", **(verified | {"email_verified": None})))[0] == 303
    assert (await sign_in(api, provider, "kim", "makers", **(verified | {"email_verified": False})))[0] == 403


async def test_claims_come_from_the_userinfo_endpoint_as_well(
    api: Api, provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    provider.user_info = {"sub": "lea", "groups": ["admins"], "email": "lea@x.example", "email_verified": True}
    _, who = await sign_in(api, provider, "lea", groups=None)
    assert (who["user"]["role"], who["user"]["email"]) == ("admin", "lea@x.example")
    provider.user_info = {"sub": "somebody else", "groups": ["admins"]}
    assert (await sign_in(api, provider, "lea", groups=None))[0] == 403
    provider.user_info = None
    assert (await sign_in(api, provider, "lea", "readers"))[1]["user"]["role"] == "viewer"


async def test_the_strength_of_a_sign_in(api: Api, provider: Provider, monkeypatch: pytest.MonkeyPatch) -> None:
    client = api.installation.get(Client)
    values = {name: getattr(client.settings, name) for name in OidcSettings.model_fields}
    strong = Client(OidcSettings(_env_file=None, **(values | {"oidc_acr": "gold silver"})), PUBLIC_URL, ())
    for name in ("settings", "_client_id"):
        monkeypatch.setattr(client, name, getattr(strong, name))
    for acr, status in (("gold", 303), ("silver", 303), ("bronze", 403), (None, 403), (["gold"], 403)):
        assert (await sign_in(api, provider, "max", "makers", acr=acr))[0] == status
    assert provider.asked[-1]["acr_values"] == "gold silver"


async def test_a_sign_in_ends_the_session_that_the_browser_had(api: Api, provider: Provider) -> None:
    async with Browser(api) as browser:
        before = cookie_of(await browser.post("/api/session", json={"key": api.key}))
        await browser.sign_in()
        assert (await browser.who())["user"]["name"] == "Ada"
    async with caller(api, cookie=before) as old:
        assert (await old.get("/api/session")).status_code == 401
