"""A server with the request and reply shapes of HubSpot's contact search and of a data provider, and with faults."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any

import uvicorn
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse

from app.commands.server import listen


class Providers:
    """`calls` counts by kind and lead; `answers` holds status codes that are given before the next real answer."""

    def __init__(self) -> None:
        self.calls: Counter[tuple[str, str]] = Counter()
        self.answers: list[int] = []
        self.bodies: list[dict[str, Any]] = []
        self._listener = listen("127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        app = FastAPI()
        app.post("/crm/v3/objects/contacts/search")(self.search)
        app.get("/data/{kind}")(self.data)
        app.post("/echo")(self.echo)
        self._server = uvicorn.Server(uvicorn.Config(app, log_config=None, lifespan="off"))

    async def __aenter__(self) -> Providers:
        self._task = asyncio.create_task(self._server._serve([self._listener]))
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.should_exit = True
        await self._task

    def _refusal(self) -> JSONResponse | None:
        if not self.answers:
            return None
        return JSONResponse({"error": "not now"}, self.answers.pop(0), {"Retry-After": "0"})

    async def search(self, request: Request) -> Any:
        if request.headers["Authorization"] != "Bearer hubspot-token":
            return JSONResponse({"status": "error", "category": "INVALID_AUTHENTICATION"}, 401)
        body = await request.json()
        filters = body["filterGroups"][0]["filters"][0] if "filterGroups" in body else {"value": body["query"]}
        self.calls["hubspot", filters["value"]] += 1
        if refusal := self._refusal():
            return refusal
        if filters["value"].startswith("nobody"):
            return {"total": 0, "results": []}
        contact = {"id": "51", "properties": {"email": filters["value"], "firstname": "Ada"}}
        return {"total": 1, "results": [contact]}

    async def data(self, kind: str, lead: str, request: Request) -> Any:
        assert request.headers["Authorization"] == "Bearer data-token"
        self.calls[kind, lead] += 1
        if refusal := self._refusal():
            return refusal
        if lead.startswith("nobody"):
            return JSONResponse({"error": "unknown"}, 404)
        await asyncio.sleep(0.05)
        return {"headline": f"{kind} of {lead}"}

    async def echo(self, request: Request) -> Any:
        self.bodies.append({"key": request.headers["Idempotency-Key"], "body": await request.json()})
        return {"received": self.bodies[-1]["body"]}
