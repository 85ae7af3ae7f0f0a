"""Routes are given by their plans what FastAPI gives them by going through their dependencies."""

from collections.abc import AsyncIterator, Callable
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import fastapi.routing
import httpx
import pytest
from fastapi import (
    APIRouter,
    BackgroundTasks,
    Cookie,
    Depends,
    FastAPI,
    Header,
    HTTPException,
    Query,
    Request,
    Response,
)
from fastapi.dependencies.utils import solve_dependencies
from fastapi.routing import APIRoute, iter_route_contexts
from pydantic import AfterValidator, BaseModel

from app.kit.web.dependency_plans import make_plan, solve_by_plan
from app.main import create_app
from tests.service import make_settings


class Thing(BaseModel):
    size: int


def make_app(seen: list[str]) -> FastAPI:
    """An application that says in which order its dependencies are called and left."""

    async def who(x_who: Annotated[str, Header()], request: Request) -> str:
        seen.append("who")
        if x_who == "nobody":
            raise HTTPException(401, "nobody")
        return f"{x_who} {request.method}"

    async def opened(response: Response) -> AsyncIterator[str]:
        seen.append("opened")
        response.headers["X-Opened"] = "yes"
        yield "open"
        seen.append("left")

    async def in_answer(mark: Annotated[str, Cookie()] = "none") -> AsyncIterator[str]:
        yield mark
        seen.append("answered")

    async def row(
        thing_id: UUID,
        who: Annotated[str, Depends(who)],
        session: Annotated[str, Depends(opened, scope="function")],
        limit: int = 5,
    ) -> str:
        seen.append("row")
        return f"{thing_id.hex[:4]} of {who}, {session}, {limit}"

    async def fresh(who: Annotated[str, Depends(who)]) -> None:
        seen.append("fresh")

    async def told(tasks: BackgroundTasks) -> None:
        tasks.add_task(seen.append, "told")

    async def lists(
        made: Annotated[list[int], Query(default_factory=list)],
        many: Annotated[list[str] | None, Query()] = None,
    ) -> list[Any]:
        return [made, many]

    router = APIRouter(dependencies=[Depends(fresh)])

    @router.post("/things/{thing_id}")
    async def change(
        thing_id: UUID,
        body: Thing,
        row: Annotated[str, Depends(row)],
        session: Annotated[str, Depends(opened, scope="function")],
        who: Annotated[str, Depends(who)],
        mark: Annotated[str, Depends(in_answer)],
        kind: str | None = None,
    ) -> dict[str, Any]:
        seen.append("change")
        return {"id": thing_id.hex, "size": body.size, "row": row, "who": who, "mark": mark, "kind": kind}

    @router.get("/kinds/{kind}")
    async def show(
        kind: str,
        must: int,
        lists: Annotated[list[Any], Depends(lists)],
        word: Annotated[str | None, Query(max_length=3)] = None,
        other: Annotated[bool, Query(alias="is-other")] = False,
        moment: datetime | None = None,
        share: float = 0.5,
        x_mark: Annotated[int, Header()] = 7,
        last: Annotated[str | None, Header(alias="Last-Event-ID")] = None,
        crumb: Annotated[str, Cookie(validate_default=True), AfterValidator(str.upper)] = "none",
    ) -> list[Any]:
        return [kind, must, lists, word, other, moment, share, x_mark, last, crumb]

    @router.get("/told", dependencies=[Depends(told)])
    async def tell() -> None: ...

    app = FastAPI()
    app.include_router(router)
    return app


THING = f"/things/{'0' * 32}"
REQUESTS: list[tuple[int, str, str, dict[str, str], Any]] = [
    (200, "POST", f"{THING}?limit=7&kind=a", {"X-Who": "ann", "Cookie": "mark=m"}, {"size": 3}),
    (422, "POST", THING, {"X-Who": "ann"}, {"size": "three"}),
    (422, "POST", f"{THING}?limit=x", {"X-Who": "ann"}, {"size": 3}),
    (422, "POST", "/things/none", {"X-Who": "ann"}, {"size": 3}),
    (422, "POST", THING, {}, {"size": 3}),
    (401, "POST", THING, {"X-Who": "nobody"}, {"size": 3}),
    (200, "GET", "/told", {"X-Who": "ann"}, None),
    (200, "GET", "/kinds/a?must=1", {"X-Who": "ann"}, None),
    (422, "GET", "/kinds/a", {"X-Who": "ann"}, None),
    (422, "GET", "/kinds/a?must=&word=&share=", {"X-Who": "ann"}, None),
    (422, "GET", "/kinds/a?must=1&must=2&word=long&x_mark=3", {"X-Who": "ann", "X-Mark": "x"}, None),
    (200, "GET", "/kinds/a?must=2&word=abc&many=1&many=2&made=3&made=4&is-other=on", {"X-Who": "ann"}, None),
    (200, "GET", "/kinds/a?must=2&must=3&share=1e3&moment=2026-01-02T03:04:05Z", {"X-Who": "ann"}, None),
    (200, "GET", "/kinds/a?must=3", {"X-Who": "ann", "x-mark": "3", "last-event-id": "9", "Cookie": "crumb=c"}, None),
]


async def answers(seen: list[str], request: tuple[int, str, str, dict[str, str], Any]) -> tuple[Any, ...]:
    _, method, path, headers, body = request
    seen.clear()
    transport = httpx.ASGITransport(make_app(seen))
    async with httpx.AsyncClient(transport=transport, base_url="http://here") as client:
        got = await client.request(method, path, headers=headers, json=body)
    told = got.json()
    if isinstance(told, dict) and isinstance(told.get("detail"), list):  # FastAPI tells once for each who depends on it
        told = sorted({(tuple(one["loc"]), one["msg"]) for one in told["detail"]})
    return got.status_code, told, got.headers.get("X-Opened"), seen[:]


@pytest.mark.parametrize("request_", REQUESTS, ids=str)
async def test_what_a_plan_gives_is_what_fastapi_gives(
    monkeypatch: pytest.MonkeyPatch, request_: tuple[int, str, str, dict[str, str], Any]
) -> None:
    seen: list[str] = []

    async def with_solver(solver: Callable[..., Any]) -> tuple[Any, ...]:
        monkeypatch.setattr(fastapi.routing, "solve_dependencies", solver)
        return await answers(seen, request_)

    by_plan, by_fastapi = await with_solver(solve_by_plan), await with_solver(solve_dependencies)
    assert by_plan == by_fastapi
    assert by_plan[0] == request_[0]


def test_nearly_every_route_has_a_plan() -> None:
    app = create_app(make_settings(Path("/nowhere"), "postgresql://nobody@localhost/none"))
    contexts = [one for one in iter_route_contexts(app.routes) if isinstance(one.original_route, APIRoute)]
    without = {str(context.path) for context in contexts if make_plan(context.dependant) is None}
    assert without == {"/api/invitations", "/api/organisations/{organisation_id}/invitations"}  # they send mail later
    calls = [[step.call for step in make_plan(context.dependant) or ()] for context in contexts]
    assert all(len(set(map(id, each))) == len(each) for each in calls)
