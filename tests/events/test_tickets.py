"""Stream tickets: one batch, 60 seconds, read-only, for pages of other origins; and which credential wins."""

from __future__ import annotations

import base64
import hmac
import logging
import struct
import time
from uuid import UUID

import httpx
import pytest
from sqlalchemy import text

from app.events.tickets import LIFE_SECONDS, seal
from app.kit.secrets.signing import FILE, InstallationSecret, SigningKey
from tests.auth.people import caller, key_of
from tests.batch_helpers import run, submit
from tests.conftest import Api, make_home, make_settings, serving

pytestmark = pytest.mark.own_service

STORED_BYTES = """
select format('select %I from %I where %I is not null', column_name, table_name, column_name)
from information_schema.columns where table_schema = 'public' and data_type = 'bytea'
"""
SSE = {"Accept": "text/event-stream"}


async def ticket_url(client: httpx.AsyncClient, batch_id: str) -> str:
    reply = await client.post(f"/api/batches/{batch_id}/stream-tickets")
    assert reply.status_code == 201, reply.text
    return str(reply.json()["url"])


async def test_a_ticket_opens_the_stream_of_its_batch_from_any_origin(api: Api) -> None:
    batch = await run(api, "no-op", [{}])
    url = await ticket_url(api, batch["id"])
    async with caller(api, Origin="https://elsewhere.example") as page:
        reply = await page.get(url, headers=SSE | {"Last-Event-ID": "2"})
        assert reply.status_code == 200
        assert reply.headers["access-control-allow-origin"] == "*"
        assert "last-event-id" in reply.headers["access-control-expose-headers"].lower()
        assert next(line for line in reply.text.splitlines() if line.startswith("id:")) == "id: 3"
        done = await page.get(url, headers=SSE | {"Last-Event-ID": str(batch["last_event_id"])})
        assert done.status_code == 204
    with_key = await api.get(f"/api/batches/{batch['id']}/events", headers=SSE)
    assert "access-control-allow-origin" not in with_key.headers


async def test_a_ticket_is_good_for_nothing_else(api: Api) -> None:
    mine, other = await run(api, "no-op", [{}]), await run(api, "no-op", [{}])
    ticket = (await ticket_url(api, mine["id"])).partition("ticket=")[2]
    async with caller(api) as page:
        for path in (f"/api/batches/{other['id']}/events", f"/api/batches/{mine['id']}", "/api/events", "/api/batches"):
            reply = await page.get(path, params={"ticket": ticket}, headers=SSE)
            # Where a ticket is no parameter at all, it is refused as one.
            assert reply.status_code == (401 if path.endswith("/events") and path != "/api/events" else 422), path
        reply = await page.post(f"/api/batches/{mine['id']}/cancel", params={"ticket": ticket})
        assert reply.status_code == 422


@pytest.mark.parametrize("spoil", ["", "x", "A" * 96, "Ä" * 96], ids=["empty", "short", "zeros", "not ascii"])
async def test_what_is_no_ticket_is_a_401(api: Api, spoil: str) -> None:
    batch_id = await submit(api, "no-op", [{}], start=False)
    async with caller(api) as page:
        reply = await page.get(f"/api/batches/{batch_id}/events", params={"ticket": spoil}, headers=SSE)
    assert reply.status_code == 401
    assert reply.json()["code"] == "invalid_ticket"
    assert reply.headers["access-control-allow-origin"] == "*"


async def test_every_changed_character_makes_a_ticket_void(api: Api) -> None:
    batch_id = await submit(api, "no-op", [{}], start=False)
    ticket = (await ticket_url(api, batch_id)).partition("ticket=")[2]
    async with caller(api) as page:
        for place in (0, 21, 40, 53, 60, 95):
            changed = ticket[:place] + ("B" if ticket[place] == "A" else "A") + ticket[place + 1 :]
            reply = await page.get(f"/api/batches/{batch_id}/events", params={"ticket": changed}, headers=SSE)
            assert reply.status_code == 401, place


async def test_a_ticket_ends_after_its_time_and_with_the_key_it_was_made_with(api: Api) -> None:
    batch_id = await submit(api, "no-op", [{}], start=False)
    key = (await api.post("/api/keys", json={"name": "for tickets"})).json()
    async with caller(api, key["key"]) as program, caller(api) as page:
        url = await ticket_url(program, batch_id)
        json_page = {"Accept": "application/json"}
        assert (await page.get(url, headers=json_page)).status_code == 200
        secret = api.installation.get(SigningKey).current
        path = f"/api/batches/{batch_id}/events"
        for seconds, status in ((30, 200), (-1, 401)):
            ticket = seal(secret, UUID(batch_id), UUID(key["id"]), int(time.time()) + seconds)
            assert (await page.get(path, params={"ticket": ticket}, headers=json_page)).status_code == status
        assert (await api.delete(f"/api/keys/{key['id']}")).status_code == 204
        assert (await page.get(url, headers=json_page)).status_code == 401


async def test_the_header_wins_over_the_ticket_and_the_ticket_over_the_cookie(api: Api) -> None:
    batch_id = await submit(api, "no-op", [{}], start=False)
    url = await ticket_url(api, batch_id)
    async with caller(api, await key_of(api, "Elsewhere")) as stranger:
        assert (await stranger.get(url)).status_code == 404
    async with caller(api, "wrong") as wrong:
        assert (await wrong.get(url)).status_code == 401
    async with caller(api, cookie="ended") as browser:
        assert (await browser.get(url)).status_code == 200
        assert (await browser.get(f"/api/batches/{batch_id}/events", params={"ticket": "x"})).status_code == 401


async def test_every_process_knows_the_tickets_of_the_others(api: Api, database_url: str) -> None:
    batch_id = await submit(api, "no-op", [{}], start=False)
    url = await ticket_url(api, batch_id)
    same = (api.settings.home / FILE).read_text().strip()
    for secret_key, status in ((same, 200), ("another secret than that of the first", 401)):
        settings = make_settings(make_home(), database_url, worker="off", secret_key=secret_key)
        async with serving(settings) as second, caller(second) as page:
            assert (await page.get(url)).status_code == status


async def test_a_copy_of_the_database_makes_no_ticket(api: Api) -> None:
    """Whoever has every byte that is stored, and how tickets are made, but not the installation's secret."""
    batch_id = await submit(api, "no-op", [{}], start=False)
    key = (await api.get("/api/keys")).json()["keys"][0]
    async with api.installation.database.transaction() as session:
        columns = await session.execute(text(STORED_BYTES))
        stored = {bytes(value) for (query,) in columns for (value,) in await session.execute(text(query))}
    assert len(stored) > 2
    end = int(time.time()) + 3 * 365 * 86400
    content = struct.pack(">16s16sQ", UUID(batch_id).bytes, UUID(key["id"]).bytes, end)
    async with caller(api) as page:
        for secret in stored:
            for signature in (hmac.digest(secret, content, "sha256"), InstallationSecret(secret.hex()).derive(content)):
                ticket = base64.urlsafe_b64encode(content + signature).decode()
                reply = await page.get(f"/api/batches/{batch_id}/events", params={"ticket": ticket})
                assert reply.status_code == 401


async def test_other_clients_may_ask_before_they_send_their_id(api: Api) -> None:
    async with caller(api, Origin="https://elsewhere.example") as page:
        reply = await page.options(f"/api/batches/{UUID(int=1)}/events")
    assert reply.status_code == 204
    assert "last-event-id" in reply.headers["access-control-allow-headers"].lower()


async def test_no_log_line_shows_a_ticket(api: Api, caplog: pytest.LogCaptureFixture) -> None:
    batch_id = await submit(api, "no-op", [{}], start=False)
    key = (await api.get("/api/keys")).json()["keys"][0]
    secret = api.installation.get(SigningKey).current
    ticket = seal(secret, UUID(batch_id), UUID(key["id"]), int(time.time()) + LIFE_SECONDS)
    path = f"/api/batches/{batch_id}/events"
    with caplog.at_level(logging.DEBUG):
        logging.getLogger("httpx").setLevel(logging.WARNING)  # the client of this test
        logging.getLogger("httpcore").setLevel(logging.WARNING)
        async with caller(api) as page:
            for given in (ticket, ticket[:-1] + "-", ticket + "x" * 300):
                reply = await page.get(path, params={"ticket": given})
                assert ticket not in reply.text
                assert given not in reply.text
    assert ticket[:40] not in caplog.text
