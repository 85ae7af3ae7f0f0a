"""What streams are measured beside: bare uvloop that writes the same bytes, nginx with nchan, sse-starlette."""

from __future__ import annotations

import asyncio
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path

import uvloop

from bench import peers


@dataclass
class Peer:
    """A running server of streams at `path`; `publish_path` takes an event by POST, or whole frames of several."""

    port: int
    pid: int
    path: str = "/"
    publish_path: str = "/"
    frames_itself: bool = False


class _Bare(asyncio.Protocol):
    """GET opens a stream; POST writes its body to each of them as one chunk."""

    open: set[asyncio.Transport] = set()  # noqa: RUF012 - one for the process

    def __init__(self) -> None:
        self._data = b""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._data += data
        head, found, body = self._data.partition(b"\r\n\r\n")
        if not found:
            return
        if head.startswith(b"GET"):
            answer = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
            self._transport.write(answer + b"e\r\n: connected\n\n\r\n")
            self.open.add(self._transport)
        else:
            length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0])
            if len(body) < length:
                return
            chunk = b"%x\r\n%b\r\n" % (length, body)
            for transport in self.open:
                transport.write(chunk)
            self._transport.write(b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n")
        self._data = b""

    def connection_lost(self, exc: Exception | None) -> None:
        self.open.discard(self._transport)


async def _serve_bare() -> None:
    server = await asyncio.get_running_loop().create_server(_Bare, "127.0.0.1", 0, backlog=8192)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


async def _serve_sse_starlette() -> None:
    """The library as its documentation shows it: a generator for each client, woken by an event of asyncio."""
    import uvicorn
    from sse_starlette.sse import EventSourceResponse
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.routing import Route

    queues: set[asyncio.Queue[bytes]] = set()

    async def follow(request: Request) -> Response:
        async def frames() -> AsyncIterator[bytes]:
            queue: asyncio.Queue[bytes] = asyncio.Queue()
            queues.add(queue)
            try:
                yield b": connected\n\n"
                while True:
                    yield await queue.get()
            finally:
                queues.discard(queue)

        return EventSourceResponse(frames())

    async def publish(request: Request) -> Response:
        body = await request.body()
        for queue in queues:
            queue.put_nowait(body)
        return Response(status_code=202)

    app = Starlette(routes=[Route("/", follow), Route("/", publish, methods=["POST"])])
    config = uvicorn.Config(app, log_level="error", access_log=False, ws="none", lifespan="off")
    with socket.create_server(("127.0.0.1", 0), backlog=8192) as listener:
        print(listener.getsockname()[1], flush=True)
        await uvicorn.Server(config).serve([listener])


@contextmanager
def _python(name: str, program: str | Path) -> Iterator[Peer]:
    process = subprocess.Popen([program, "-m", "bench.peers.streams", name], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout
        port = int(process.stdout.readline())
        _wait_for(port)
        yield Peer(port, process.pid)
    finally:
        process.kill()
        process.wait()


def bare() -> AbstractContextManager[Peer]:
    """The limit: what uvloop itself needs for the writes."""
    return _python("bare", sys.executable)


def sse_starlette() -> AbstractContextManager[Peer | None]:
    """Nothing where the library is not installed."""
    program = peers.python("sse_starlette", "uvicorn", "uvloop")
    return _python("sse-starlette", program) if program else nullcontext()


def _wait_for(port: int) -> None:
    for _ in range(400):
        with suppress(OSError), socket.create_connection(("127.0.0.1", port)):
            return
        time.sleep(0.05)
    raise TimeoutError(f"nothing listens on port {port}")


_CONFIG = """
load_module {module};
daemon off; master_process off; worker_rlimit_nofile 20000; error_log stderr warn; pid {folder}/pid;
events {{ worker_connections 12000; }}
http {{
  access_log off; keepalive_requests 10000000; nchan_shared_memory_size 256M;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fcgi; uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  server {{
    listen 127.0.0.1:{port} backlog=8192;
    location /sub {{ nchan_subscriber eventsource; nchan_channel_id one; nchan_subscriber_first_message newest;
                     nchan_eventsource_event ""; }}
    location /pub {{ nchan_publisher; nchan_channel_id one; nchan_message_buffer_length 5000;
                     nchan_message_timeout 5m; }}
  }}
}}
"""


@contextmanager
def nchan() -> Iterator[Peer | None]:
    """Nothing where nginx's module is not installed."""
    program = peers.nchan()
    if program is None:
        yield None
        return
    folder = Path(tempfile.mkdtemp(prefix="tranche-nchan-"))
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    config = folder / "nginx.conf"
    config.write_text(_CONFIG.format(module=peers.NCHAN, folder=folder, port=port))
    process = subprocess.Popen([program, "-c", str(config), "-p", str(folder)])
    try:
        _wait_for(port)
        yield Peer(port, process.pid, "/sub", "/pub", frames_itself=True)
    finally:
        process.terminate()
        process.wait()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    uvloop.run(_serve_bare() if sys.argv[1] == "bare" else _serve_sse_starlette())
