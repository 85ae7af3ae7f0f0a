"""The run's own parts: requests are aimed, everything is put back, and what was not reached is said."""

from __future__ import annotations

import asyncpg

from tests.fuzzing.aiming import Choice, over
from tests.fuzzing.pristine import remember
from tests.fuzzing.reached import ENOUGH, Reached

VALUES = {"batch_id": ["first", "second"], "page": [1]}


def test_most_values_become_ones_that_exist_and_the_same_request_always_the_same() -> None:
    made_up = [f"made up {number}" for number in range(200)]
    aimed = [Choice(value).one("batch_id", value, VALUES["batch_id"]) for value in made_up]
    assert aimed == [Choice(value).one("batch_id", value, VALUES["batch_id"]) for value in made_up]
    assert {"first", "second"} < set(aimed)
    assert 160 <= len([value for value in aimed if value in VALUES["batch_id"]]) < 200


def test_members_of_bodies_are_replaced_by_name_and_type() -> None:
    body = {"batch_id": None, "page": "one", "more": [{"batch_id": "a"}], "other": "a"}
    filled = [Choice(number).fill(body, VALUES) for number in range(50)]
    assert all(one | {"more": 0} == body | {"more": 0} for one in filled)
    assert {one["more"][0]["batch_id"] for one in filled} == {"a", "first", "second"}


def test_given_members_go_over_those_made_up() -> None:
    assert over({"a": 1, "b": None, "c": 3}, {"a": 2, "c": None, "d": 4}) == {"a": 2, "b": None, "d": 4}


async def test_every_row_is_put_back(database_url: str) -> None:
    connection = await asyncpg.connect(database_url)
    try:
        await connection.execute("insert into organisations (id, name) values (gen_random_uuid(), 'kept')")
        before = await connection.fetch("select * from organisations")
        await remember(database_url)
        await connection.execute("insert into organisations (id, name) values (gen_random_uuid(), 'added')")
        await connection.execute("update organisations set name = 'changed' where name = 'kept'")
        await connection.execute("select pristine.restore()")
        assert await connection.fetch("select * from organisations") == before
        await connection.execute("delete from organisations")
        await connection.execute("select pristine.restore()")
        assert await connection.fetch("select * from organisations") == before
    finally:
        await connection.close()


def test_what_was_not_reached_is_a_fault() -> None:
    good = [("GET /good", 200, True, ENOUGH // 2), ("GET /good", 404, False, ENOUGH // 2)]
    refused = [("GET /refused", status, True, ENOUGH) for status in (401, 403, 404, 409, 422)]
    elsewhere = [("GET /elsewhere", 200, True, 1), ("GET /elsewhere", 404, False, ENOUGH)]
    seldom = [("GET /seldom", 404, False, ENOUGH - 1)]
    reached = Reached(good + refused + elsewhere + seldom)
    assert [fault.split()[1] for fault in reached.faults()] == ["/elsewhere", "/refused"]
    assert "GET /good" in reached.table()
