"""Dropbox's HTTP API, as far as results are handed over: a folder, and files of any size by upload session.

https://www.dropbox.com/developers/documentation/http/documentation
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any, Final

import httpx

from app.kit.outbound.reading import AnswerNotJson, exchange, read_json

MAX_ANSWER_BYTES: Final = 1024 * 1024
CHUNK: Final = 8 * 1024 * 1024
"""Bytes of one call; Dropbox takes up to 150 MB and asks for multiples of 4 MiB."""


class DropboxRefusedError(Exception):
    """Dropbox says that it will not: trying again does not help."""

    code = "DROPBOX_REFUSED"


@dataclass(frozen=True, slots=True)
class Dropbox:
    """An account: its token, and where the API is. `root` is the folder below which batches get theirs."""

    http: httpx.AsyncClient
    token: str
    api_url: str
    content_url: str
    root: str

    def path(self, *parts: str) -> str:
        """A path below the root, spelt as Dropbox wants it."""
        return "/" + "/".join(part.strip("/") for part in (self.root, *parts) if part.strip("/"))

    async def whose(self) -> str:
        """The name of the account's owner; the cheapest call that needs the token."""
        body = await _body(await self._post(f"{self.api_url}/2/users/get_current_account", content=b"null"))
        name = body.get("name")
        return str(name.get("display_name", "")) if isinstance(name, dict) else ""

    async def ensure_folder(self, path: str) -> str:
        """The folder's id; the folder is made when it is missing."""
        reply = await self._post(f"{self.api_url}/2/files/create_folder_v2", json={"path": path, "autorename": False})
        if reply.status_code == 409 and "conflict" in reply.text:
            reply = await self._post(f"{self.api_url}/2/files/get_metadata", json={"path": path})
            return str((await _body(reply))["id"])
        return str((await _body(reply))["metadata"]["id"])

    async def upload(self, path: str, chunks: AsyncIterator[bytes]) -> int:
        """Write a file, whatever was there before; the number of its bytes. The same again changes nothing."""
        session, offset, held = "", 0, bytearray()
        async for chunk in chunks:
            held += chunk
            while len(held) >= CHUNK:
                session, offset = await self._append(session, offset, bytes(held[:CHUNK]))
                del held[:CHUNK]
        if not session:
            session, _ = await self._append("", 0, b"")
        commit = {"path": path, "mode": "overwrite", "autorename": False, "mute": True}
        arguments = {"cursor": {"session_id": session, "offset": offset}, "commit": commit}
        reply = await self._send("upload_session/finish", arguments, bytes(held))
        return int((await _body(reply))["size"])

    async def _append(self, session: str, offset: int, data: bytes) -> tuple[str, int]:
        if session:
            arguments = {"cursor": {"session_id": session, "offset": offset}, "close": False}
            await _check(await self._send("upload_session/append_v2", arguments, data))
        else:
            reply = await self._send("upload_session/start", {"close": False}, data)
            session = str((await _body(reply))["session_id"])
        return session, offset + len(data)

    async def _send(self, call: str, arguments: dict[str, Any], data: bytes) -> httpx.Response:
        headers = {"Dropbox-API-Arg": json.dumps(arguments), "Content-Type": "application/octet-stream"}
        return await self._post(f"{self.content_url}/2/files/{call}", headers=headers, content=data)

    async def _post(self, url: str, headers: dict[str, str] | None = None, **body: Any) -> httpx.Response:
        authorised = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json", **(headers or {})}
        reply = await exchange(self.http, "POST", url, most=MAX_ANSWER_BYTES, headers=authorised, **body)
        if reply.status_code == 429 or reply.status_code >= 500:
            reply.raise_for_status()  # read as RATE_LIMIT, with its Retry-After, or UPSTREAM_5XX: tried again
        return reply


async def _check(reply: httpx.Response) -> None:
    if not reply.is_success:
        try:
            said = str((await read_json(reply))["error_summary"])
        except (AnswerNotJson, KeyError, TypeError):
            said = reply.text[:200]
        raise DropboxRefusedError(f"Dropbox answered {reply.status_code}: {said}")


async def _body(reply: httpx.Response) -> dict[str, Any]:
    await _check(reply)
    body = await read_json(reply)
    if not isinstance(body, dict):
        raise DropboxRefusedError("Dropbox answered with something that is not an object.")
    return body
