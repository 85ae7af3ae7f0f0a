"""The play-batch mappings: their shapes, limits and errors."""

from __future__ import annotations

import asyncio
from itertools import pairwise
from typing import Any

import asyncpg
import pytest

from app.plays.settings import PlaySettings
from tests.auth.people import caller, key_of
from tests.conftest import Api

NAMES = ["linkedin_profile", "company_enrichment", "hubspot", "linkedin_posts", "linkedin_jobs"]


async def make_play(api: Any, name: str = "Email Outreach Play", **more: Any) -> int:
    reply = await api.post("/api/plays/", json={"name": name, **more})
    assert reply.status_code == 201, reply.text
    return int(reply.json()["id"])


async def set_mapping(api: Any, play_id: int, numbers: list[Any]) -> Any:
    return await api.post("/api/play-batch-mappings/", json={"play_id": play_id, "required_batches": numbers})


async def mapping_of(api: Api, play_id: int) -> list[int] | None:
    mappings = (await api.get("/api/play-batch-mappings/")).json()
    return next((row["required_batches"] for row in mappings if row["play_id"] == play_id), None)


@pytest.mark.parametrize("slash", ["/", ""])
async def test_document_shapes_with_slash_and_without(api: Api, slash: str) -> None:
    play_id = await make_play(api, variables={"greeting": "Hi"}, play_steps=["{{greeting}} {{lead.email}}"])
    plain = await make_play(api, "Without any")
    reply = await api.post(
        f"/api/play-batch-mappings{slash}", json={"play_id": play_id, "required_batches": [3, 1, 2, 4]}
    )
    assert reply.status_code == 200
    assert reply.json() == {"success": True, "play_id": play_id, "required_batches": [1, 2, 3, 4]}
    mappings = await api.get(f"/api/play-batch-mappings{slash}")
    assert mappings.status_code == 200
    assert {"play_id": play_id, "required_batches": [1, 2, 3, 4]} in mappings.json()
    assert plain not in [row["play_id"] for row in mappings.json()]
    plays = {play["id"]: play for play in (await api.get(f"/api/plays{slash}")).json()}
    assert plays[plain]["required_batches"] == []
    assert plays[play_id]["required_batches"] == [1, 2, 3, 4]
    assert plays[play_id]["variables"] == {"greeting": "Hi"}
    assert (plays[play_id]["output_type"], plays[play_id]["name"]) == ("final", "Email Outreach Play")
    assert (await api.get(f"/api/plays/{play_id}{slash}")).json() == plays[play_id]
    gone = await api.delete(f"/api/play-batch-mappings/{play_id}{slash}")
    assert (gone.status_code, await mapping_of(api, play_id)) == (200, None)


async def test_number_and_name_are_one_thing(api: Api) -> None:
    play_id = await make_play(api)
    await set_mapping(api, play_id, [5, 4, 3, 2, 1])
    connection = await asyncpg.connect(api.installation.database.dsn)
    try:
        query = "select batch_name from play_batch_requirements where play_id = $1 order by batch_number"
        assert [row[0] for row in await connection.fetch(query, play_id)] == NAMES
        changed = "update play_batch_requirements set batch_name = $2 where play_id = $1 and batch_number = 1"
        with pytest.raises(asyncpg.ForeignKeyViolationError):
            await connection.execute(changed, play_id, "hubspot")
        before = await connection.fetchval("select max(updated_at) from play_batch_requirements")
        await connection.execute("update play_batch_requirements set batch_number = 1 where batch_number = 1")
        assert await connection.fetchval("select max(updated_at) from play_batch_requirements") > before
        await connection.execute("delete from plays where id = $1", play_id)
        assert await connection.fetch(query, play_id) == []
    finally:
        await connection.close()


@pytest.mark.parametrize("numbers", [[1, 6], [0], [1, 2, 2], [-1], [2**40], ["1"], [1.5], [True], None, "1,2"])
async def test_numbers_that_are_not_valid_change_nothing(api: Api, numbers: Any) -> None:
    play_id = await make_play(api)
    await set_mapping(api, play_id, [1, 2])
    reply = await set_mapping(api, play_id, numbers)
    assert reply.status_code == 422
    assert await mapping_of(api, play_id) == [1, 2]


@pytest.mark.parametrize("play_id", [987_654, 2**31, 2**70, 0, -1])
async def test_unknown_play(api: Api, play_id: int) -> None:
    reply = await set_mapping(api, play_id, [1])
    assert (reply.status_code, reply.json()["error"], reply.json()["code"]) == (404, "Play not found", "play_not_found")
    assert (await api.delete(f"/api/play-batch-mappings/{play_id}/")).status_code == 404


async def test_only_owner_and_administrators_change_a_play(api: Api) -> None:
    play_id = await make_play(api)
    async with (
        caller(api, await key_of(api, "Default", user="colleague", role="member")) as member,
        caller(api, await key_of(api, "Elsewhere")) as stranger,
    ):
        for refused in (
            await set_mapping(member, play_id, [1]),
            await member.patch(f"/api/plays/{play_id}/", json={"name": "Mine"}),
            await member.delete(f"/api/plays/{play_id}/"),
        ):
            assert (refused.status_code, refused.json()["code"]) == (403, "not_owner")
        own = await make_play(member, "Of the colleague")
        assert (await set_mapping(member, own, [2])).status_code == 200
        assert (await set_mapping(api, own, [2, 3])).status_code == 200
        assert (await set_mapping(stranger, play_id, [1])).status_code == 404
        assert (await stranger.get("/api/plays/")).json() == []
        assert (await stranger.get("/api/play-batch-mappings/")).json() == []
    changes = (await api.get(f"/api/plays/{own}/changes/")).json()["changes"]
    assert [(change["actor"], change["before"], change["after"]) for change in changes] == [
        ("admin", [2], [2, 3]),
        ("colleague", [], [2]),
    ]


async def test_several_plays_at_once_or_none(api: Api) -> None:
    plays = [await make_play(api, f"Play {n}") for n in range(3)]
    body = [{"play_id": play_id, "required_batches": [n + 1]} for n, play_id in enumerate(plays)]
    reply = await api.put("/api/play-batch-mappings/", json=body)
    assert reply.json() == {"success": True, "mappings": body}
    refused = await api.put(
        "/api/play-batch-mappings/", json=[*body[:2], {"play_id": plays[2], "required_batches": [9]}]
    )
    assert (refused.status_code, refused.json()["play_id"]) == (422, plays[2])
    assert [await mapping_of(api, play_id) for play_id in plays] == [[1], [2], [3]]


async def test_racers_leave_one_whole_mapping(api: Api) -> None:
    play_id = await make_play(api)
    replies = await asyncio.gather(*(set_mapping(api, play_id, [n % 5 + 1, (n + 1) % 5 + 1]) for n in range(20)))
    assert {reply.status_code for reply in replies} == {200}
    assert len(await mapping_of(api, play_id) or []) == 2


async def test_state_that_the_client_has_is_not_sent_again(api: Api) -> None:
    play_id = await make_play(api)
    for path in ("/api/plays/", "/api/play-batch-mappings/"):
        await set_mapping(api, play_id, [1])
        first = await api.get(path)
        headers = {"If-None-Match": first.headers["ETag"]}
        assert (await api.get(path, headers=headers)).status_code == 304
        await set_mapping(api, play_id, [2])
        assert (await api.get(path, headers=headers)).status_code == 200


async def test_changes_are_limited_for_each_user(api: Api) -> None:
    limit = api.installation.get(PlaySettings).play_writes_per_minute
    async with caller(api, await key_of(api, "Hasty")) as hasty:
        play_id = await make_play(hasty)
        for _ in range(5):
            answers = await asyncio.gather(*(set_mapping(hasty, play_id, [1]) for _ in range(limit)))
            refused = [answer for answer in answers if answer.status_code != 200]
            if refused:
                break
        assert refused[0].status_code == 429
        assert 1 <= int(refused[0].headers["Retry-After"]) <= 60
        assert (await hasty.get("/api/plays/")).status_code == 200
    assert (await set_mapping(api, await make_play(api), [1])).status_code == 200


async def test_ids_tell_nothing_of_other_plays_and_the_list_is_oldest_first(api: Api) -> None:
    made = [await make_play(api) for _ in range(6)]
    assert all(100_000_000 <= play_id < 1_000_000_000 for play_id in made)
    assert len({after - before for before, after in pairwise(made)}) == 5, "no sequence"
    listed = [play["id"] for play in (await api.get("/api/plays/")).json()]
    assert [play_id for play_id in listed if play_id in made] == made
