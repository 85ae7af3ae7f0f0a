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
from app.connections import first_sealing
from app.connections.first_sealing import FirstSealing
from app.connections.repository import VALUES_AT_A_TIME
from app.kit.secrets.sealed_columns import SealedColumn
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


BATCHES = SealedColumn(Batch.settings, Batch.id, Batch.organisation_id)


async def looks_of_a_start(api: Api) -> int:
    """How often the column of the batches was read by what a start does."""
    looks = 0

    class Counted(FirstSealing):
        async def _next(self, session: AsyncSession, walk: Any) -> None:
            nonlocal looks
            looks += 1
            await super()._next(session, walk)

    await Counted(api.installation.database, api.installation.get(Sealer), [BATCHES]).turn()
    return looks


async def test_columns_without_anything_in_them_cost_one_look(home: Path, database_url: str) -> None:
    """A million batches without parameters were read at every start, 200 in a transaction."""
    async with serving(make_settings(home, database_url)) as api:
        connection = await asyncpg.connect(api.installation.database.dsn)
        await connection.execute(ADD_BATCHES, 1, 2 * VALUES_AT_A_TIME, 1)
        await connection.close()
        assert await looks_of_a_start(api) == 1


async def test_a_column_is_done_when_a_walk_after_a_day_met_nothing(
    home: Path, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those with parameters were read at every start. Meanwhile a process of the release before may write in clear."""
    async with serving(make_settings(home, database_url)) as api:
        made = await api.post("/api/batches", json={"pipeline": "echo", "items": [{"record": {}}], "start": False})
        assert [await looks_of_a_start(api), await looks_of_a_start(api)] == [1, 1]
        row = {"id": made.json()["batch_id"], "value": json.dumps({"token": SECRET})}
        await query(api, "update batches set settings = cast(:value as jsonb) where id = :id returning 1", **row)
        await query(api, "update sealed_marks set first_at = first_at - interval '25 hours' returning 1")
        assert await looks_of_a_start(api) == 1
        assert SECRET not in str(await query(api, "select settings from batches where id = :id", id=row["id"]))
        assert [await looks_of_a_start(api), await looks_of_a_start(api)] == [1, 0]
        monkeypatch.setattr(first_sealing, "RULES", "of a version that knows more secrets")
        assert await looks_of_a_start(api) == 1
