"""Dropbox and monday.com as far as the hand-over speaks with them: real paths, headers and shapes, on loopback."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import uvicorn

from app.commands.server import listen

Reply = tuple[int, Any, dict[str, str]]


@dataclass
class OtherSystems:
    """What the two hold, and what they were asked. `fail_next`: answers to give before the next right one."""

    url: str = ""
    folders: dict[str, str] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)
    sessions: dict[str, bytearray] = field(default_factory=dict)
    items: dict[str, dict[str, Any]] = field(default_factory=dict)
    fail_next: list[Reply] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    def answer(self, path: str, headers: dict[str, str], body: bytes) -> Reply:
        self.asked.append(path)
        if self.fail_next:
            return self.fail_next.pop(0)
        if path == "/v2":
            assert headers["authorization"] == "the-monday-token"
            return 200, self._graphql(json.loads(body)), {}
        assert headers["authorization"] == "Bearer the-dropbox-token"
        arguments = json.loads(headers["dropbox-api-arg"]) if "dropbox-api-arg" in headers else json.loads(body)
        match path:
            case "/2/files/create_folder_v2":
                if arguments["path"] in self.folders:
                    return 409, {"error_summary": "path/conflict/folder/..", "error": {".tag": "path"}}, {}
                self.folders[arguments["path"]] = f"id:folder{len(self.folders)}"
                return 200, {"metadata": {"id": self.folders[arguments["path"]], "path_display": arguments["path"]}}, {}
            case "/2/files/get_metadata":
                return 200, {".tag": "folder", "id": self.folders[arguments["path"]]}, {}
            case "/2/files/upload_session/start":
                session = f"session{len(self.sessions)}"
                self.sessions[session] = bytearray(body)
                return 200, {"session_id": session}, {}
            case "/2/files/upload_session/append_v2" | "/2/files/upload_session/finish":
                held = self.sessions[arguments["cursor"]["session_id"]]
                if arguments["cursor"]["offset"] != len(held):
                    return 409, {"error_summary": "incorrect_offset/.."}, {}
                held += body
                if "commit" not in arguments:
                    return 200, None, {}
                self.files[arguments["commit"]["path"]] = bytes(held)
                return 200, {"id": "id:file", "size": len(held)}, {}
        return 404, {"error_summary": "unknown call"}, {}

    def _graphql(self, asked: dict[str, Any]) -> dict[str, Any]:
        query, variables = asked["query"], asked["variables"]
        if "items_page" in query:
            found = [{"id": key} for key, item in self.items.items() if item["name"] in variables["name"]]
            return {"data": {"boards": [{"items_page": {"items": found}}]}}
        values = json.loads(variables["values"])
        if "create_item" in query:
            key = str(9000 + len(self.items))
            self.items[key] = {"name": variables["name"], "board": variables["board"], **values}
            return {"data": {"create_item": {"id": key}}}
        self.items[variables["item"]] |= values
        return {"data": {"change_multiple_column_values": {"id": variables["item"]}}}

    async def __call__(
        self,
        scope: dict[str, Any],
        receive: Callable[[], Awaitable[dict[str, Any]]],
        send: Callable[[dict[str, Any]], Awaitable[None]],
    ) -> None:
        body, more = b"", True
        while more:
            message = await receive()
            body += message.get("body", b"")
            more = message.get("more_body", False)
        headers = {name.decode(): value.decode() for name, value in scope["headers"]}
        status, reply, extra = self.answer(scope["path"], headers, body)
        head = [(b"content-type", b"application/json"), *((k.encode(), v.encode()) for k, v in extra.items())]
        await send({"type": "http.response.start", "status": status, "headers": head})
        await send({"type": "http.response.body", "body": json.dumps(reply).encode()})


@asynccontextmanager
async def other_systems() -> AsyncIterator[OtherSystems]:
    """Both, on a port of their own."""
    systems = OtherSystems()
    listener = listen("127.0.0.1", 0)
    systems.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    server = uvicorn.Server(uvicorn.Config(systems, lifespan="off", log_level="warning"))  # type: ignore[arg-type]
    task = asyncio.create_task(server._serve([listener]))
    try:
        yield systems
    finally:
        server.should_exit = True
        await task
