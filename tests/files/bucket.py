"""A bucket on a local port: the part of the S3 API that the store speaks, with its real request shapes."""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Literal
from urllib.parse import unquote
from xml.sax.saxutils import escape

import uvicorn
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from app.commands.server import listen

NAME = "tranche"


class Bucket:
    """Objects by key, all of them written `age` ago. While `down` it answers 503, or what `trouble` says: a status with
    an error's code, or `cut` in the middle. `most_at_once` counts requests under way together."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.uploads: dict[str, dict[int, bytes]] = {}
        self.requests: list[str] = []
        self.down, self.age = False, timedelta()
        self.trouble: tuple[int, str] | Literal["cut"] = (503, "SlowDown")
        self.at_once = self.most_at_once = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            body = await request.body()
            await asyncio.sleep(0.002)  # a bucket is never at hand: others come in meanwhile
            response = self._answer(request, body)
            if self.down and self.trouble != "cut":
                response = _error(*self.trouble)
            elif self.down:
                response.headers["Content-Length"] = str(len(response.body) + 1)
                with suppress(RuntimeError):  # uvicorn's, who counts
                    await response(scope, receive, send)
                return
            await response(scope, receive, send)
        finally:
            self.at_once -= 1

    def _answer(self, request: Request, body: bytes) -> Response:
        bucket, _, key = unquote(request.url.path).lstrip("/").partition("/")
        query = request.query_params
        self.requests.append(f"{request.method} {key}")
        if bucket != NAME or not request.headers.get("authorization", "").startswith("AWS4-HMAC-SHA256 "):
            return _error(403 if bucket == NAME else 404, "AccessDenied" if bucket == NAME else "NoSuchBucket")
        match request.method:
            case "GET" if query.get("list-type") == "2":
                return self._list(query.get("prefix", ""))
            case "GET" | "HEAD":
                return self._read(key, request)
            case "POST" if "uploads" in query:
                self.uploads[key] = {}
                return _xml(
                    f"<InitiateMultipartUploadResult><UploadId>{key}</UploadId></InitiateMultipartUploadResult>"
                )
            case "POST" if "uploadId" in query:
                parts = self.uploads.pop(query["uploadId"])
                return self._write(key, b"".join(parts[number] for number in sorted(parts)), completed=True)
            case "PUT" if "partNumber" in query:
                self.uploads[query["uploadId"]][int(query["partNumber"])] = body
                return Response(headers={"ETag": _etag(body)})
            case "PUT":
                return self._write(key, body)
            case "POST" if "delete" in query:
                gone = re.findall(r"<Key>([^<]+)</Key>", body.decode())
                for found in gone:
                    self.objects.pop(found, None)
                return _xml(
                    f"<DeleteResult>{''.join(f'<Deleted><Key>{key}</Key></Deleted>' for key in gone)}</DeleteResult>"
                )
        return _error(405, "MethodNotAllowed")

    def _write(self, key: str, body: bytes, *, completed: bool = False) -> Response:
        self.objects[key] = body
        tag = _etag(body)
        if completed:
            text = f"<Key>{escape(key)}</Key><ETag>{escape(tag)}</ETag>"
            return _xml(f"<CompleteMultipartUploadResult>{text}</CompleteMultipartUploadResult>")
        return Response(headers={"ETag": tag})

    def _read(self, key: str, request: Request) -> Response:
        body = self.objects.get(key)
        if body is None:
            return _error(404, "NoSuchKey")
        headers = {"ETag": _etag(body), "Last-Modified": format_datetime(datetime.now(UTC) - self.age, usegmt=True)}
        if wanted := re.fullmatch(r"bytes=(\d+)-(\d*)", request.headers.get("range", "")):
            first, last = int(wanted[1]), int(wanted[2] or len(body) - 1)
            headers["Content-Range"] = f"bytes {first}-{min(last, len(body) - 1)}/{len(body)}"
            return Response(body[first : last + 1], 206, headers)
        if request.method == "HEAD":
            return Response(headers=headers | {"Content-Length": str(len(body))})
        return Response(body, headers=headers)

    def _list(self, prefix: str) -> Response:
        now = (datetime.now(UTC) - self.age).strftime("%Y-%m-%dT%H:%M:%S.000Z")
        found = "".join(
            f"<Contents><Key>{escape(key)}</Key><Size>{len(body)}</Size><ETag>{escape(_etag(body))}</ETag>"
            f"<LastModified>{now}</LastModified></Contents>"
            for key, body in sorted(self.objects.items())
            if key.startswith(prefix)
        )
        return _xml(f"<ListBucketResult><IsTruncated>false</IsTruncated>{found}</ListBucketResult>")


def _etag(body: bytes) -> str:
    return f'"{hashlib.md5(body, usedforsecurity=False).hexdigest()}"'


def _xml(text: str, status: int = 200) -> Response:
    return Response(f'<?xml version="1.0" encoding="UTF-8"?>{text}', status, media_type="application/xml")


def _error(status: int, code: str) -> Response:
    return _xml(f"<Error><Code>{code}</Code><Message>{code}</Message></Error>", status)


@asynccontextmanager
async def serving_bucket() -> AsyncIterator[tuple[Bucket, dict[str, str]]]:
    """A bucket, and the environment that leads the store to it."""
    bucket = Bucket()
    listener = listen("127.0.0.1", 0)
    server = uvicorn.Server(uvicorn.Config(bucket, lifespan="off", log_level="warning"))
    task = asyncio.create_task(server._serve([listener]))
    port = listener.getsockname()[1]
    environment = {
        "AWS_ENDPOINT": f"http://127.0.0.1:{port}",
        "AWS_ACCESS_KEY_ID": "key",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_REGION": "us-east-1",
    }
    try:
        yield bucket, environment
    finally:
        server.should_exit = True
        await task
