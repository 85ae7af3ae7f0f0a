"""Mappings kept in a browser, taken over by the command line; and what clients see when the table is taken away."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from app.commands import ServiceRefused
from app.commands.plays import read_mappings
from tests.conftest import Api, fresh_database, make_settings, serving
from tests.database import PostgresServer
from tests.plays.test_mappings import make_play, mapping_of, set_mapping

LIST = [{"play_id": 2, "required_batches": [3]}, {"play_id": 1, "required_batches": ["1", 2]}]
READ = [{"play_id": 1, "required_batches": [1, 2]}, {"play_id": 2, "required_batches": [3]}]


@pytest.mark.parametrize(
    "export",
    [
        LIST,
        {"1": [1, 2], "2": {"required_batches": [3]}},
        {"theme": "dark", "playBatchMappings": json.dumps(LIST), "other": "not JSON"},
        {"play_batch_mappings": {"2": [3], "1": [1, 2]}},
    ],
)
def test_forms_of_an_export(tmp_path: Path, export: Any) -> None:
    file = tmp_path / "localStorage.json"
    file.write_text(json.dumps(export))
    assert read_mappings(file) == READ


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", "[1]", '{"1": "x"}', '{"a": 1}', '[{"play_id": 1}]', "[" * 5000])
def test_export_that_cannot_be_read(tmp_path: Path, text: str) -> None:
    file = tmp_path / "localStorage.json"
    file.write_text(text)
    with pytest.raises(ServiceRefused):
        read_mappings(file)


async def test_read_mappings_are_what_the_service_takes(api: Api, tmp_path: Path) -> None:
    plays = [await make_play(api, f"Imported {n}") for n in range(2)]
    file = tmp_path / "localStorage.json"
    file.write_text(json.dumps({str(plays[0]): [5, 1], str(plays[1]): []}))
    reply = await api.put("/api/play-batch-mappings/", json=read_mappings(file))
    assert reply.status_code == 200
    assert await mapping_of(api, plays[0]) == [1, 5]


async def test_clients_keep_getting_empty_lists_after_a_downgrade(home: Path, postgres: PostgresServer) -> None:
    async with fresh_database(postgres) as url, serving(make_settings(home, url)) as api:
        play_id = await make_play(api)
        await set_mapping(api, play_id, [1, 2])
        # As the downgrade of its migration does; those of later ones take away what signing in needs.
        async with api.installation.database.transaction() as session:
            await session.execute(text("alter table play_batch_requirements rename to gone"))
        for path in ("/api/play-batch-mappings/", "/api/play-batch-mappings"):
            reply = await api.get(path)
            assert (reply.status_code, reply.json()) == (200, [])
        plays = (await api.get("/api/plays/")).json()
        assert [(play["id"], play["required_batches"]) for play in plays] == [(play_id, [])]
        async with api.installation.database.transaction() as session:
            await session.execute(text("alter table gone rename to play_batch_requirements"))
        assert (await set_mapping(api, play_id, [2])).status_code == 200
