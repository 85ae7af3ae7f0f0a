"""Secrets that are stored in clear are encrypted after a start, and all move when the installation's is replaced."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from app.batches.models import Batch
from app.kit.secrets.sealed_columns import AT_A_TIME, FirstSealing, SealedColumn
from app.kit.secrets.sealing import Sealer
from app.kit.secrets.signing import FILE, SigningKey, rotate
from bench.listing import ADD_BATCHES
from tests.conftest import Api, make_settings, serving
from tests.files.bodies import query
from tests.patience import within

pytestmark = pytest.mark.own_service
SECRET = "kept-secret-0123456789"
PLACES = {
    "plays": ("variables", "play_steps"),
    "templates": ("options",),
    "batches": ("settings",),
    "webhook_endpoints": ("template", "url"),
    "connections": ("sealed",),
}
"""Columns with secrets in them, by table."""
TEXTS = {"url", "sealed"}


async def make_each(api: Api) -> None:
    async def post(path: str, **body: Any) -> Any:
        answer = await api.post(path, json=body)
        assert answer.is_success, answer.text
        return answer.json()

    await post("/api/plays/", name="p", variables={"token": SECRET}, play_steps=[{"api_key": SECRET}])
    params = {"token": SECRET}
    made = await post("/api/batches", pipeline="echo", items=[{"record": {}}], params=params, start=False)
    await post("/api/templates", name="t", from_batch=made["batch_id"])
    url = f"http://93.184.216.34/?sig={SECRET}"
    await post("/api/webhooks", url=url, format="crm", template={"api_key": SECRET}, enabled=False)
    kept = await api.put("/api/connections/hubspot", json={"account": {"token": SECRET}})
    assert kept.is_success, kept.text


async def column(api: Api, table: str, name: str) -> Any:
    """The column of the one row that the table has."""
    return await query(api, f"select {name} from {table}")


async def put_in_clear(api: Api) -> None:
    """As versions before stored it: all but accounts, which never were in clear."""
    sealer = api.installation.get(Sealer)
    organisation = UUID((await api.get("/api/session")).json()["organisation"]["id"])
    for table, names in PLACES.items():
        for name in names:
            if name == "sealed":
                continue
            clear = sealer.unseal_tree(await column(api, table, name), organisation)
            value = clear if name in TEXTS else json.dumps(clear)
            cast = "text" if name in TEXTS else "jsonb"
            await query(api, f"update {table} set {name} = cast(:value as {cast}) returning 1", value=value)
            assert SECRET in str(await column(api, table, name))


async def all_under(api: Api, key_id: str) -> None:
    """Waits until every column has its secret encrypted with this one."""
    async with within(60):
        for table, names in PLACES.items():
            for name in names:
                while f"sealed:v1:{key_id}:" not in (found := str(await column(api, table, name))):
                    pass
                assert SECRET not in found


async def test_clear_ones_are_encrypted_and_all_move_to_the_next_secret(home: Path, database_url: str) -> None:
    settings = make_settings(home, database_url)
    async with serving(settings) as api:
        await make_each(api)
        await all_under(api, api.installation.get(SigningKey).id)
        await put_in_clear(api)
    async with serving(settings) as api:
        first = api.installation.get(SigningKey).id
        await all_under(api, first)
    rotate(home, timedelta(days=1))
    async with serving(settings) as api:
        second = api.installation.get(SigningKey).id
        assert second != first
        await all_under(api, second)
    (home / FILE).write_text((home / FILE).read_text().splitlines()[0])  # the overlap is over
    async with serving(settings) as api:
        organisation = UUID((await api.get("/api/session")).json()["organisation"]["id"])
        sealer = api.installation.get(Sealer)
        for table, names in PLACES.items():
            for name in names:
                assert SECRET in str(sealer.unseal_tree(await column(api, table, name), organisation)), (table, name)


async def test_columns_without_anything_in_them_cost_one_look(home: Path, database_url: str) -> None:
    """A million batches without parameters were read at every start, 200 in a transaction."""
    async with serving(make_settings(home, database_url)) as api:
        connection = await asyncpg.connect(api.installation.database.dsn)
        await connection.execute(ADD_BATCHES, 1, 2 * AT_A_TIME, 1)
        await connection.close()
        looks = 0

        class Counted(FirstSealing):
            async def _next(self, session: AsyncSession, cursor: Any) -> int:
                nonlocal looks
                looks += 1
                return await super()._next(session, cursor)

        place = SealedColumn(Batch.settings, Batch.id, Batch.organisation_id)
        await Counted(api.installation.database, api.installation.get(Sealer), [place]).turn()
        assert looks == 1
