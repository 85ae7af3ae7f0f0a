"""The organisation that floods, for `bench.neighbours`: a client in a process of its own, and what it does."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import random
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from multiprocessing.synchronize import Event

import httpx

BATCHES, ITEMS = 40, 10
PARTS = {"tables": 1, "records": 1, "large": 1, "uploads": 4, "lists": 8, "streams": 18}
"""What a flood is made of, and by how many connections at once each part comes."""


def client_of(url: str, key: str) -> httpx.Client:
    return httpx.Client(base_url=url, headers={"Authorization": f"Bearer {key}"}, timeout=300)


def table(rows: int) -> bytes:
    """A CSV of 60 bytes a row, which takes a child some seconds."""
    rng = random.Random(3)
    lines = (
        f"{n},{rng.random():.12f},{rng.randrange(10**9)},2024-{1 + n % 12:02}-{1 + n % 28:02},name {rng.random():.9f}\n"
        for n in range(rows)
    )
    return b"id,share,number,day,name\n" + "".join(lines).encode()


def lower_priority() -> None:
    """Be last for the processor, as a client on another machine would take none of it.

    Where the kernel groups processes by session (sched(7)), niceness counts within a session only, and the session's
    own counts beside others.
    """
    with suppress(PermissionError):
        os.setsid()
    os.nice(19)
    with suppress(OSError), open("/proc/self/autogroup", "w") as group:
        group.write("19")


def flood(url: str, key: str, file_id: str, parts: list[str], flooding: Event, over: Event) -> None:
    """What the other organisation does: whenever `flooding` is set, until `over` is."""
    lower_priority()

    def again_and_again(work: Callable[[httpx.Client], None]) -> None:
        with client_of(url, key) as client:
            while not over.is_set():
                if flooding.wait(0.2):
                    try:
                        work(client)
                    except (httpx.HTTPError, ValueError, KeyError):
                        time.sleep(0.2)

    def heed(answer: httpx.Response) -> httpx.Response:
        """Wait as long as an answer says: whoever does not is refused more often, and gets no further."""
        if seconds := answer.headers.get("Retry-After"):
            over.wait(min(5.0, float(seconds)))
        return answer

    def submit(client: httpx.Client, count: int) -> None:
        items = [{"record": {"email": f"{n}@example.org"}} for n in range(count)]
        heed(client.post("/api/batches", json={"pipeline": "no-op", "items": items}))

    def upload(client: httpx.Client) -> None:
        heed(client.put("/api/files/large.bin", content=os.urandom(8_000_000)))

    def lists(client: httpx.Client) -> None:
        heed(client.get("/api/batches", params={"limit": 200}))

    def follow(client: httpx.Client) -> None:
        with client.stream("GET", "/api/events") as stream:
            for _ in stream.iter_lines():
                if not flooding.is_set() or over.is_set():
                    return

    def submit_tables(client: httpx.Client) -> None:
        body = {"pipeline": "data-report", "max_parallel": ITEMS, "items": [{"file_id": file_id}] * ITEMS}
        made = [heed(client.post("/api/batches", json=body)).json().get("batch_id") for _ in range(BATCHES)]
        while flooding.is_set() and not over.is_set():
            time.sleep(0.1)
        for batch_id in filter(None, made):
            while heed(client.post(f"/api/batches/{batch_id}/cancel")).status_code in (429, 503):
                pass

    work: dict[str, Callable[[httpx.Client], None]] = {
        "tables": submit_tables,
        "records": lambda client: submit(client, 50),
        "large": lambda client: submit(client, 10_000),
        "uploads": upload,
        "lists": lists,
        "streams": follow,
    }
    threads = [
        threading.Thread(target=again_and_again, args=(work[part],)) for part in parts for _ in range(PARTS[part])
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


@contextmanager
def flooder(url: str, key: str, parts: list[str]) -> Iterator[tuple[Event, int]]:
    """A process that floods while the event is set; and its process id."""
    with client_of(url, key) as client:
        stored = client.put("/api/files/table.csv", content=table(200_000))
        stored.raise_for_status()
    context = multiprocessing.get_context("spawn")
    flooding, over = context.Event(), context.Event()
    process = context.Process(target=flood, args=(url, key, stored.json()["id"], parts, flooding, over))
    process.start()
    assert process.pid
    try:
        yield flooding, process.pid
    finally:
        over.set()
        process.join(30)
        if process.is_alive():
            process.kill()


ANSWER = b'{"id": "00000000-0000-0000-0000-000000000000", "batch_id": "0"}'


async def _answer_everything(listener: socket.socket) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while head := await reader.readuntil(b"\r\n\r\n"):
                left = next((int(line[15:]) for line in head.lower().split(b"\r\n") if b"content-length:" in line), 0)
                while left:
                    left -= len(await reader.read(left))
                writer.write(b"HTTP/1.1 201 Created\r\nContent-Length: %d\r\n\r\n%s" % (len(ANSWER), ANSWER))
                await writer.drain()
                await asyncio.sleep(0.01)

    async with await asyncio.start_server(answer, sock=listener) as server:
        await server.serve_forever()


def _serve_nothing(listener: socket.socket) -> None:
    lower_priority()
    asyncio.run(_answer_everything(listener))


@contextmanager
def server_of_nothing() -> Iterator[str]:
    """The address of a server that answers everything with the same few bytes."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        process = multiprocessing.get_context("fork").Process(target=_serve_nothing, args=(listener,), daemon=True)
        process.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            process.kill()
            process.join()
