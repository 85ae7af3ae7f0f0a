"""Every error is one kind of document, and a database that is away is told as such."""

from __future__ import annotations

import errno
from collections.abc import AsyncIterator, Callable
from typing import Annotated, Any

import asyncpg
import httpx
import pytest
from fastapi import FastAPI
from pydantic import BaseModel, StringConstraints, ValidationError
from sqlalchemy import text
from sqlalchemy.exc import TimeoutError as PoolTimeout

from app.kit.errors import Conflict, Unavailable, explain_error, is_database_down
from app.kit.web.access_log import AccessLog
from app.kit.web.error_handlers import answer_unexpected, install_error_handlers
from tests.auth.people import caller
from tests.batch_helpers import submit
from tests.conftest import Api

pytestmark = pytest.mark.own_service

MEMBERS = {"type", "title", "status", "detail", "instance", "code", "request_id"}


def check_problem(answer: httpx.Response, status: int, code: str) -> dict[str, Any]:
    problem = dict(answer.json())
    assert (answer.status_code, problem["status"], problem["code"]) == (status, status, code), answer.text
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert problem.keys() >= MEMBERS
    assert problem["type"] == f"urn:tranche:problem:{code}"
    assert problem["instance"] == answer.request.url.path
    assert problem["title"]
    assert problem["detail"]
    return problem


async def test_every_kind_of_refusal_is_a_problem_document(api: Api) -> None:
    batch_id = await submit(api, "no-op", [{}], start=False)
    cases: list[tuple[int, str, Callable[[], Any]]] = [
        (
            400,
            "invalid_json",
            lambda: api.post("/api/batches", content=b"{", headers={"Content-Type": "application/json"}),
        ),
        (400, "invalid_filter", lambda: api.get("/api/batches", params={"sort": "x"})),
        (400, "invalid_cursor", lambda: api.get("/api/files", params={"cursor": "x"})),
        (404, "not_found", lambda: api.get("/api/none")),
        (404, "not_found", lambda: api.get("/api/pipelines/none")),
        (404, "batch_not_found", lambda: api.get(f"/api/batches/{0:032x}")),
        (405, "method_not_allowed", lambda: api.delete("/api/batches")),
        (413, "too_large", lambda: api.post("/api/keys", content=b"x" * (1 << 21))),
        (422, "validation_failed", lambda: api.get("/api/batches", params={"limit": "x"})),
        (422, "validation_failed", lambda: api.get("/api/batches/x")),
        (422, "batch_empty", lambda: api.post("/api/batches", json={"pipeline": "no-op", "items": []})),
    ]
    for status, code, ask in cases:
        check_problem(await ask(), status, code)
    async with caller(api) as nobody:
        check_problem(await nobody.get(f"/api/batches/{batch_id}"), 401, "not_signed_in")


async def test_validation_tells_every_place(api: Api) -> None:
    body = {"items": [{"record": {}}, {"record": 7}], "max_parallel": 0}
    problem = check_problem(await api.post("/api/batches", json=body), 422, "validation_failed")
    places = {tuple(error["loc"]) for error in problem["errors"]}
    assert places == {("body", "pipeline"), ("body", "items", 1, "record"), ("body", "max_parallel")}
    assert all(set(error) == {"loc", "msg", "type"} for error in problem["errors"])
    many = await api.post("/api/batches", json={"pipeline": "no-op", "items": [{}] * 5000})
    assert len(check_problem(many, 422, "validation_failed")["errors"]) == 100


@pytest.mark.parametrize("address", ["nobody", "a@b", "a b@example.org", "@example.org", "a@b@example.org"])
async def test_a_wrong_address_is_explained_without_a_regular_expression(api: Api, address: str) -> None:
    wrong = {"pipeline": "no-op", "items": [{"record": {}}], "notification_email": address}
    problem = check_problem(await api.post("/api/batches", json=wrong), 422, "validation_failed")
    said = "must be an e-mail address, such as ann@example.org"
    assert [error["msg"] for error in problem["errors"]] == [said]
    assert problem["detail"] == f"body.notification_email: {said}"


class _Form(BaseModel):
    size: int
    name: Annotated[str, StringConstraints(pattern="^x+$")]


def test_errors_of_pydantic_are_explained_in_a_sentence() -> None:
    with pytest.raises(ValidationError) as caught:
        _Form.model_validate({"size": "large", "name": "y"})
    place, _, rest = explain_error(caught.value).partition("; ")
    assert place.startswith("size: Input should be a valid integer")
    assert rest == "name: does not have the expected form"
    assert explain_error(ValueError("As it is.")) == "As it is."


async def test_error_of_ours_tells_nothing_but_that(api: Api, caplog: pytest.LogCaptureFixture) -> None:
    connection = await api.installation.database.connect()
    await connection.execute("alter table files rename to files_kept")
    try:
        problem = check_problem(await api.get("/api/files"), 500, "internal_error")
    finally:
        await connection.execute("alter table files_kept rename to files")
        await connection.close()
    assert problem.keys() == MEMBERS
    assert "files" not in problem["detail"]
    assert "UndefinedTableError" in caplog.text
    assert (await api.get("/api/files")).status_code == 200


class Busy(Conflict):
    code, title = "busy", "Busy"


@pytest.fixture
async def own(api: Api) -> AsyncIterator[httpx.AsyncClient]:
    """An application whose routes fail as they are told."""
    app = FastAPI()
    install_error_handlers(app)
    app.add_middleware(AccessLog, on_error=answer_unexpected, on_request=lambda: None)

    @app.get("/busy")
    async def busy() -> None:
        raise Busy("Try later.", headers={"X-Own": "yes"}, allowed=["wait"])

    @app.get("/unavailable")
    async def unavailable() -> None:
        raise Unavailable("Not now.", retry_after=7)

    @app.get("/taken")
    async def taken() -> None:
        async with api.installation.database.transaction() as session:
            await session.execute(text("insert into organisations (id, name) values (gen_random_uuid(), 'Default')"))

    @app.get("/gone")
    async def gone() -> None:
        raise asyncpg.ConnectionDoesNotExistError("gone")

    @app.get("/cut")
    async def cut() -> None:
        async with api.installation.database.transaction() as session:
            await session.execute(text("select pg_terminate_backend(pg_backend_pid())"))

    @app.get("/state/{code}")
    async def state(code: str) -> None:
        async with api.installation.database.transaction() as session:
            await session.execute(text(f"do $$ begin raise exception using errcode = '{code}'; end $$"))

    @app.get("/bug")
    async def bug() -> None:
        raise ZeroDivisionError("sentinel")

    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://own") as client:
        yield client


async def test_problem_carries_its_own_headers_and_members(own: httpx.AsyncClient) -> None:
    answer = await own.get("/busy")
    assert check_problem(answer, 409, "busy")["allowed"] == ["wait"]
    assert answer.headers["X-Own"] == "yes"
    answer = await own.get("/unavailable")
    check_problem(answer, 503, "unavailable")
    assert answer.headers["Retry-After"] == "7"


async def test_broken_rule_is_a_conflict_by_its_name(own: httpx.AsyncClient) -> None:
    problem = check_problem(await own.get("/taken"), 409, "conflict")
    assert "uq_organisations_name" in problem["detail"]


@pytest.mark.parametrize("path", ["/gone", "/cut"])
async def test_lost_database_is_a_503(own: httpx.AsyncClient, path: str) -> None:
    answer = await own.get(path)
    check_problem(answer, 503, "database_unavailable")
    assert answer.headers["Retry-After"] == "2"


@pytest.mark.parametrize(
    ("state", "status", "code"),
    [
        ("53300", 503, "database_unavailable"),
        ("57P03", 503, "database_unavailable"),
        ("53100", 507, "insufficient_storage"),
    ],
)
async def test_what_the_database_cannot_do_now(own: httpx.AsyncClient, state: str, status: int, code: str) -> None:
    check_problem(await own.get(f"/state/{state}"), status, code)


async def test_bug_is_a_500_without_its_text(own: httpx.AsyncClient) -> None:
    answer = await own.get("/bug")
    check_problem(answer, 500, "internal_error")
    assert "sentinel" not in answer.text


@pytest.mark.parametrize(
    ("error", "down"),
    [
        (ConnectionRefusedError(), True),
        (FileNotFoundError(errno.ENOENT, "no socket"), False),  # such as a connection has are told where it is made
        (OSError(errno.EIO, "Input/output error"), False),
        (TimeoutError(), True),
        (PoolTimeout(), True),
        (asyncpg.CannotConnectNowError("starting up"), True),
        (asyncpg.ConnectionDoesNotExistError("closed"), True),
        (asyncpg.InterfaceError("closed"), True),
        (asyncpg.InternalClientError("lost"), True),
        (asyncpg.AdminShutdownError("stopped"), True),
        (asyncpg.CrashShutdownError("crashed"), True),
        (asyncpg.TooManyConnectionsError("too many"), True),
        (asyncpg.UniqueViolationError("twice"), False),
        (OSError(errno.ENOSPC, "No space left on device"), False),
        (PermissionError(errno.EACCES, "denied", "/some/file"), False),
        (FileNotFoundError(errno.ENOENT, "none", "/some/file"), False),
        (ValueError("no"), False),
    ],
)
def test_which_errors_say_that_the_database_is_away(error: Exception, down: bool) -> None:
    assert is_database_down(error) == down
