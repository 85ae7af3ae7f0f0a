"""The result files of a job: contents that are stored already are not stored again, and all are kept or none."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from app.files.storage import Storage
from app.runner.result_file_repository import NotHeld, Owner, ResultFile
from app.runner.result_files import ResultFiles
from tests.batch_helpers import get_batch, submit
from tests.conftest import Api
from tests.files.bodies import query

ROWS = """
select jsonb_object_agg(o.name, f.sha256 || ' ' || f.size || ' ' || f.media_type) from job_outputs o
join files f on f.id = o.file_id where o.job_id = :id"""


async def running_jobs(api: Api, count: int) -> list[Owner]:
    """Jobs that look as if they were running under their third attempt."""
    batch_id = await submit(api, "no-op", [{}] * count, start=False)
    jobs = (await get_batch(api, batch_id))["jobs"]
    running = "update jobs set status = 'running', claimed_by = 1, attempt = 3 where id = :id returning 1"
    for job in jobs:
        await query(api, running, id=job["id"])
    organisation_id = await query(api, "select organisation_id from batches where id = :id", id=batch_id)
    return [Owner(organisation_id, UUID(job["id"]), 3) for job in jobs]


@pytest.fixture
async def owner(api: Api) -> Owner:
    return (await running_jobs(api, 1))[0]


@pytest.fixture
def stored(api: Api, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The sizes of the contents that were written to the store."""
    sizes: list[int] = []
    store = Storage.store

    async def counted(self: Storage, contents: Any) -> None:
        sizes.extend(content.size for content in contents)
        await store(self, contents)

    monkeypatch.setattr(Storage, "store", counted)
    return sizes


def files(**contents: bytes) -> dict[str, ResultFile]:
    return {f"{name}.txt": ResultFile("text/plain", data) for name, data in contents.items()}


async def save(api: Api, owner: Owner, **contents: bytes) -> dict[str, UUID]:
    storage = api.installation.get(Storage)
    return await ResultFiles(api.installation.database, storage).save(owner, files(**contents))


async def test_only_what_is_new_is_stored_and_a_second_file_of_a_name_replaces_it(
    api: Api, owner: Owner, stored: list[int]
) -> None:
    salt = uuid4().bytes
    first = await save(api, owner, one=salt + b"1", two=salt + b"22")
    assert stored == [17, 18]
    again = await save(api, owner, one=salt + b"1", two=salt + b"22")
    assert stored == [17, 18]
    assert set(first) == set(again) == {"one.txt", "two.txt"}
    assert not set(first.values()) & set(again.values())
    await save(api, owner, one=salt + b"1", two=salt + b"333")
    assert stored == [17, 18, 19]
    kept = await query(api, ROWS, id=owner.job_id)
    assert {name: row.split()[1:] for name, row in kept.items()} == {
        "one.txt": ["17", "text/plain"],
        "two.txt": ["19", "text/plain"],
    }
    count = "select count(*) from files where organisation_id = :id and sha256 = :sha256"
    assert await query(api, count, id=owner.organisation_id, sha256=kept["one.txt"].split()[0]) == 3


async def test_one_content_may_have_two_names(api: Api, owner: Owner) -> None:
    same = uuid4().bytes
    ids = await save(api, owner, one=same, two=same)
    assert len(set(ids.values())) == 2
    assert len(await query(api, ROWS, id=owner.job_id)) == 2


@pytest.mark.parametrize("attempt", [2, 4])
async def test_nothing_is_written_for_a_job_that_is_not_held(
    api: Api, owner: Owner, stored: list[int], attempt: int
) -> None:
    known = uuid4().bytes
    await save(api, owner, known=known)
    before = await query(api, "select count(*) from files where organisation_id = :id", id=owner.organisation_id)
    for contents in ({"one": known}, {"one": known, "two": uuid4().bytes}):
        with pytest.raises(NotHeld):
            await save(api, owner._replace(attempt=attempt), **contents)
    assert len(stored) == 1
    after = "select count(*) from files where organisation_id = :id"
    assert await query(api, after, id=owner.organisation_id) == before
    assert list(await query(api, ROWS, id=owner.job_id)) == ["known.txt"]


async def test_a_content_that_another_organisation_has_is_not_taken_from_it(
    api: Api, owner: Owner, stored: list[int]
) -> None:
    data = uuid4().bytes
    async with api.installation.database.transaction() as session:
        other = uuid4()
        await session.execute(text("insert into organisations (id, name) values (:id, 'Other')"), {"id": other})
    await save(api, owner, one=data)
    with pytest.raises(NotHeld):  # the job is the other organisation's no more than the content
        await save(api, owner._replace(organisation_id=other, attempt=9), one=data)
    await save(api, owner._replace(organisation_id=other), one=data)
    assert len(stored) == 2


async def test_jobs_that_end_together_are_written_together(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[int] = []
    store = Storage.store

    async def counted(self: Storage, contents: Any) -> None:
        calls.append(len(contents))
        await store(self, contents)

    monkeypatch.setattr(Storage, "store", counted)
    first, second, stale, third = await running_jobs(api, 4)
    kept = ResultFiles(api.installation.database, api.installation.get(Storage))
    shared = uuid4().bytes
    saves = (
        kept.save(first, files(own=uuid4().bytes, shared=shared)),
        kept.save(second, files(shared=shared)),
        kept.save(stale._replace(attempt=2), files(own=uuid4().bytes)),
        kept.save(third, {}),
    )
    found = await asyncio.gather(*saves, return_exceptions=True)
    assert isinstance(found[2], NotHeld)
    assert found[3] == {}
    assert calls == [3]
    assert set(await query(api, ROWS, id=first.job_id)) == {"own.txt", "shared.txt"}
    assert set(await query(api, ROWS, id=second.job_id)) == {"shared.txt"}
    assert await query(api, ROWS, id=stale.job_id) is None


async def test_a_job_that_cannot_be_written_fails_alone(api: Api) -> None:
    good, bad = await running_jobs(api, 2)
    kept = ResultFiles(api.installation.database, api.installation.get(Storage))
    refused = {"name\x00.txt": ResultFile("text/plain", uuid4().bytes)}
    found = await asyncio.gather(
        kept.save(good, files(one=uuid4().bytes)), kept.save(bad, refused), return_exceptions=True
    )
    assert isinstance(found[0], dict)
    assert isinstance(found[1], Exception)
    assert set(await query(api, ROWS, id=good.job_id)) == {"one.txt"}
    assert await query(api, ROWS, id=bad.job_id) is None
