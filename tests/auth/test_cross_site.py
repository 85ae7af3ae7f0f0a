"""A cookie travels by itself: what it may change from a page of another site, which is nothing."""

from __future__ import annotations

import pytest

from tests.auth.people import caller, cookie_of
from tests.conftest import ADMIN_KEY, Api
from tests.files.bodies import FORM, form, part, rows_of

FOREIGN = [
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": "anything"},
    {"Sec-Fetch-Site": "cross-site", "Origin": "http://{host}"},
    {"Origin": "https://evil.example"},
    {"Origin": "https://evil.example/{host}"},
    {"Origin": "http://{host}.evil.example"},
    {"Origin": "http://127.0.0.1:1"},
    {"Origin": "null"},
    {"Origin": ""},
]
OWN = [{}, {"Sec-Fetch-Site": "same-origin"}, {"Sec-Fetch-Site": "none"}, {"Origin": "http://{host}"}]


def on(api: Api, headers: dict[str, str]) -> dict[str, str]:
    host = f"{api.base_url.host}:{api.base_url.port}"
    return {name: value.format(host=host) for name, value in headers.items()}


@pytest.fixture
async def cookie(api: Api) -> str:
    async with caller(api) as browser:
        return cookie_of(await browser.post("/api/session", json={"key": ADMIN_KEY}))


@pytest.mark.parametrize("headers", FOREIGN)
async def test_other_sites_change_nothing(api: Api, cookie: str, headers: dict[str, str]) -> None:
    before = await rows_of(api)
    async with caller(api, cookie=cookie, **on(api, headers)) as browser:
        body = form(part("pipeline", "no-op"), part("files", b"x", "x.txt"))
        answers = [
            await browser.post("/api/keys", json={"name": "stolen"}),
            await browser.post("/api/jobs/batch", content=body, headers=FORM),
            await browser.post("/api/jobs", content=b'{"pipeline": "no-op"}', headers={"Content-Type": "text/plain"}),
            await browser.put("/api/files/a", content=b"x"),
            await browser.delete("/api/session"),
            await browser.post("/api/session", json={"key": ADMIN_KEY}),
        ]
    for answer in answers:
        assert (answer.status_code, answer.json()["code"]) == (403, "cross_site_request")
        assert "Set-Cookie" not in answer.headers
    assert await rows_of(api) == before


@pytest.mark.parametrize("headers", OWN)
async def test_own_pages_do(api: Api, cookie: str, headers: dict[str, str]) -> None:
    async with caller(api, cookie=cookie, **on(api, headers)) as browser:
        assert (await browser.post("/api/keys", json={"name": "mine"})).status_code == 201
        assert (await browser.post("/api/session", json={"key": ADMIN_KEY})).status_code == 201


@pytest.mark.parametrize("headers", FOREIGN)
async def test_keys_and_reading_are_not_concerned(api: Api, cookie: str, headers: dict[str, str]) -> None:
    async with caller(api, ADMIN_KEY, **on(api, headers)) as program:
        assert (await program.post("/api/keys", json={"name": "by a program"})).status_code == 201
    async with caller(api, cookie=cookie, **on(api, headers)) as browser:
        assert (await browser.get("/api/session")).status_code == 200


async def test_other_sites_may_not_read_the_answers(api: Api, cookie: str) -> None:
    async with caller(api, cookie=cookie, Origin="https://evil.example") as browser:
        answer = await browser.get("/api/session")
        asked = await browser.options("/api/keys", headers={"Access-Control-Request-Method": "POST"})
    for headers in (answer.headers, asked.headers):
        assert not [name for name in headers if name.startswith("access-control-")]
