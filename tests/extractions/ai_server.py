"""A server that speaks as the AI providers do: checks what it is sent, answers as they would, or fails as told."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

SWIM: dict[str, Any] = {
    "name": "Lindqvist, Maya",
    "kind": "individual",
    "event_number": "12",
    "event": "Women 200 Yard Freestyle",
    "round": "final",
    "place": 2,
    "time": "1:51.62",
    "status": "OK",
    "seed_or_prelim": None,
    "points": None,
    "exhibition": False,
    "team": "Lakeside",
    "relay": None,
    "leg": None,
    "page": 1,
    "note": None,
    "standard": None,
    "age": "16",
    "section": None,
    "splits": [],
}
READING: dict[str, Any] = {"meet": "Open", "dates": "1/2/2026", "course": "SCY", "swims": [SWIM], "reason": None}


@dataclass
class Failure:
    """What is answered instead: a status, headers and a body, or nothing at all."""

    status: int = 500
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b"the provider's own words, which nobody may repeat"
    hang_up: bool = False


@dataclass
class AiServer:
    """`failures` come first, one for each request, then `reading` (JSON, or a text that is none)."""

    reading: Any = field(default_factory=lambda: READING)
    failures: list[Failure] = field(default_factory=list)
    requests: list[dict[str, Any]] = field(default_factory=list)
    wrap: Callable[[dict[str, Any]], dict[str, Any]] = lambda reply: reply
    gate: asyncio.Event | None = None
    asked: asyncio.Event = field(default_factory=asyncio.Event)
    url: str = ""

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            header = (await reader.readuntil(b"\r\n\r\n")).decode()
            lines = header.split("\r\n")
            headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines[1:])}
            body = json.loads(await reader.readexactly(int(headers["content-length"])))
            method, path, _ = lines[0].split()
            assert method == "POST"
            self.requests.append({"path": path, "headers": headers, "body": body})
            self.asked.set()
            if self.gate:
                await self.gate.wait()
            failure = self.failures.pop(0) if self.failures else None
            if failure and failure.hang_up:
                return
            if failure:
                status, extra, content = failure.status, failure.headers, failure.body
            else:
                reply = ANSWERS[path](headers, body, self.reading)
                status, extra, content = 200, {}, json.dumps(self.wrap(reply)).encode()
            headers_sent = {"Content-Type": "application/json", "Content-Length": str(len(content)), **extra}
            header_lines = "".join(f"{name}: {value}\r\n" for name, value in headers_sent.items())
            writer.write(f"HTTP/1.1 {status} Told\r\nConnection: close\r\n{header_lines}\r\n".encode() + content)
            await writer.drain()
        except ConnectionError:
            pass
        finally:
            writer.close()


def _check_pdf(encoded: str) -> None:
    assert base64.b64decode(encoded, validate=True).startswith(b"%PDF-")


def _check_schema(schema: dict[str, Any]) -> None:
    """What the strict mode of OpenAI asks of every object: no further members, and each one required."""
    for part in (schema, *schema["$defs"].values()):
        assert part["type"] == "object"
        assert part["additionalProperties"] is False
        assert sorted(part["required"]) == sorted(part["properties"])


def _text(reading: Any) -> str:
    return reading if isinstance(reading, str) else json.dumps(reading)


def chat(headers: dict[str, str], body: dict[str, Any], reading: Any) -> dict[str, Any]:
    assert headers["authorization"] == "Bearer the-key"
    assert [message["role"] for message in body["messages"]] == ["system", "user"]
    file, text = body["messages"][1]["content"]
    assert (file["type"], text["type"]) == ("file", "text")
    _check_pdf(file["file"]["file_data"].removeprefix("data:application/pdf;base64,"))
    wanted = body["response_format"]
    assert (wanted["type"], wanted["json_schema"]["strict"]) == ("json_schema", True)
    _check_schema(wanted["json_schema"]["schema"])
    message = {"role": "assistant", "content": _text(reading), "refusal": None}
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "model": body["model"],
        "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 900, "completion_tokens": 100, "total_tokens": 1000},
    }


def responses(headers: dict[str, str], body: dict[str, Any], reading: Any) -> dict[str, Any]:
    assert headers["authorization"] == "Bearer the-key"
    file, text = body["input"][0]["content"]
    assert (file["type"], text["type"], body["store"]) == ("input_file", "input_text", False)
    _check_pdf(file["file_data"].removeprefix("data:application/pdf;base64,"))
    wanted = body["text"]["format"]
    assert (wanted["type"], wanted["strict"]) == ("json_schema", True)
    _check_schema(wanted["schema"])
    part = {"type": "output_text", "text": _text(reading), "annotations": []}
    message = {"type": "message", "id": "msg_1", "role": "assistant", "status": "completed", "content": [part]}
    return {
        "id": "resp_1",
        "object": "response",
        "status": "completed",
        "error": None,
        "incomplete_details": None,
        "model": body["model"],
        "output": [{"type": "reasoning", "id": "rs_1", "summary": []}, message],
        "usage": {"input_tokens": 900, "output_tokens": 100, "total_tokens": 1000},
    }


def messages(headers: dict[str, str], body: dict[str, Any], reading: Any) -> dict[str, Any]:
    assert (headers["x-api-key"], headers["anthropic-version"]) == ("the-key", "2023-06-01")
    assert body["max_tokens"] >= 256
    document, text = body["messages"][0]["content"]
    assert (document["type"], text["type"]) == ("document", "text")
    assert (document["source"]["type"], document["source"]["media_type"]) == ("base64", "application/pdf")
    _check_pdf(document["source"]["data"])
    (tool,) = body["tools"]
    assert body["tool_choice"] == {"type": "tool", "name": tool["name"]}
    _check_schema(tool["input_schema"])
    content = [
        {"type": "text", "text": "I will take this down."},
        {"type": "tool_use", "id": "toolu_1", "name": tool["name"], "input": reading},
    ]
    return {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": body["model"],
        "content": content,
        "stop_reason": "tool_use",
        "usage": {"input_tokens": 900, "output_tokens": 100},
    }


ANSWERS = {"/v1/chat/completions": chat, "/v1/responses": responses, "/v1/messages": messages}


@asynccontextmanager
async def serving_ai() -> AsyncIterator[AiServer]:
    server = AiServer()
    listener = await asyncio.start_server(server.handle, "127.0.0.1", 0, limit=1 << 24)
    server.url = f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}"
    async with listener:
        yield server
