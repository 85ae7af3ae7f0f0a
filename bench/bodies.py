"""What others notice while large and hostile bodies are read: how long /healthz takes, and what stays in memory.

    python -m bench.bodies [NAME ...]

Each row is one kind of body, sent to a service of its own by other processes, of the lowest priority, while a probe
asks for /healthz a hundred times a second. The limit is 100 ms for its p99; memory 4 s after the end is compared with
that before, the limit is 1.2. What a machine does besides is in the row `idle`.
"""

from __future__ import annotations

import http.client
import multiprocessing
import os
import socket
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from bench.neighbours import NO_OP, key_for, percentile
from bench.service import RunningService, service

MB = 1_000_000
LIMIT_MS, LIMIT_MEMORY = 100.0, 1.2
SETTLED_SECONDS = 4.0
DRIP_SECONDS = 15.0
OPENING = b'{"pipeline": "no-op", "start": false, "items": ['


def of_items(items: Iterable[bytes]) -> bytes:
    return OPENING + b",".join(items) + b"]}"


def long_texts() -> bytes:
    return of_items(b'{"record": {"n": %d, "text": "%s"}}' % (n, b"x" * 5_750) for n in range(10_000))


def many_fields() -> bytes:
    fields = b", ".join(b'"f%d": %d' % (n, n) for n in range(480))
    return of_items(b'{"record": {"n": %d, %s}}' % (n, fields) for n in range(10_000))


def in_unicode() -> bytes:
    text = "Ä𝄞 ".encode() * 820
    return of_items(b'{"record": {"n": %d, "text": "%s"}}' % (n, text) for n in range(10_000))


def empty_items() -> bytes:
    return OPENING + b"{}," * (60 * MB // 3 - 40) + b"{}]}"


def deep() -> bytes:
    return of_items([b'{"record": {"a": ' + b"[" * 29 * MB + b"]" * 29 * MB + b"}}"])


def wide_and_deep() -> bytes:
    nested = b"[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]"
    return of_items(b'{"record": {"a": [%s]}}' % b",".join([nested] * 100) for _ in range(10_000))


def huge_numbers() -> bytes:
    return of_items(b'{"record": {"n": %s}}' % (b"9" * 4_200) for _ in range(10_000))


def one_huge_number() -> bytes:
    return of_items([b'{"record": {"n": %s}}' % (b"9" * 50 * MB)])


def duplicate_members() -> bytes:
    return of_items(b'{"record": {%s}}' % b",".join([b'"a":1'] * 900) for _ in range(10_000))


def one_record() -> bytes:
    return of_items([b'{"record": {"a": [%s]}}' % b",".join([b"{}"] * 4_900_000)])


def no_utf8() -> bytes:
    return long_texts()[:-40] + b"\xff\xfe" * 15 + b'"}}]}'


def many_params() -> bytes:
    return b'{"pipeline": "no-op", "params": {%s}}' % b",".join(b'"p%d":[]' % n for n in range(4_000_000))


@dataclass(frozen=True)
class To:
    """Where a sender sends, with a key or none."""

    host: str
    port: int
    key: str | None

    def connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection(self.host, self.port, timeout=300)

    def headers(self, **more: str) -> dict[str, str]:
        own = {"Authorization": f"Bearer {self.key}"} if self.key else {}
        return (
            own | {"Content-Type": "application/json"} | {name.replace("_", "-"): value for name, value in more.items()}
        )

    def raw(self, length: str) -> socket.socket:
        """A connection on which only the header was sent."""
        connection = socket.create_connection((self.host, self.port), timeout=60)
        lines = [f"{name}: {value}" for name, value in self.headers().items()]
        head = "\r\n".join(["POST /api/batches HTTP/1.1", "Host: bench", *lines, length, "", ""])
        connection.sendall(head.encode())
        return connection


def send(to: To, body: bytes, **headers: str) -> str:
    """The status of a POST, or how it ended."""
    connection = to.connect()
    with suppress(OSError):  # refused before it was sent whole: the answer may be there
        connection.request("POST", "/api/batches", body=body, headers=to.headers(**headers))
    try:
        return str(connection.getresponse().status)
    except (OSError, http.client.HTTPException) as error:
        return type(error).__name__
    finally:
        connection.close()


def send_in_chunks(to: To, body: bytes) -> str:
    def chunks() -> Iterator[bytes]:
        for at in range(0, len(body), 65_536):
            yield body[at : at + 65_536]

    connection = to.connect()
    connection.request("POST", "/api/batches", body=chunks(), headers=to.headers(), encode_chunked=True)
    return str(connection.getresponse().status)


def wait(to: To, body: bytes) -> str:
    time.sleep(10)
    return "nothing"


def lie(to: To, body: bytes) -> str:
    """Announce 58 MB and stop before the end; announce 100 bytes and send all the same."""
    short = to.raw(f"Content-Length: {len(body)}")
    short.sendall(body[:-1])
    long = to.raw("Content-Length: 100")
    with suppress(OSError):  # what comes after the 100 bytes is no request, so the connection is closed
        long.sendall(body)
    time.sleep(DRIP_SECONDS / 3)
    short.close()
    long.close()
    return "closed"


def drip(to: To, body: bytes) -> str:
    """One byte a second over 200 connections."""
    opened = [to.raw("Content-Length: 500000") for _ in range(200)]
    until = time.monotonic() + DRIP_SECONDS
    while time.monotonic() < until:
        for connection in opened:
            with suppress(OSError):
                connection.sendall(b"[")
        time.sleep(1)
    for connection in opened:
        connection.close()
    return "dripped"


@dataclass(frozen=True)
class Case:
    """A body, how it is sent, by how many senders at once, with how many keys (0: none)."""

    body: Callable[[], bytes] = lambda: b""
    way: Callable[..., str] = send
    senders: int = 1
    keys: int = 1
    headers: tuple[tuple[str, str], ...] = ()


CASES = {
    "idle": Case(way=wait),
    "no key": Case(empty_items, senders=6, keys=0),
    "long texts": Case(long_texts),
    "480 fields": Case(many_fields),
    "unicode": Case(in_unicode),
    "{} items": Case(empty_items),
    "one record": Case(one_record),
    "many params": Case(many_params),
    "20 of one key": Case(long_texts, senders=20),
    "20 of 4 keys": Case(many_fields, senders=20, keys=4),
    "dripping": Case(way=drip),
    "chunked": Case(long_texts, send_in_chunks),
    "false length": Case(long_texts, lie),
    "deep": Case(deep),
    "wide and deep": Case(wide_and_deep),
    "huge numbers": Case(huge_numbers),
    "one number": Case(one_huge_number),
    "duplicates": Case(duplicate_members),
    "no UTF-8": Case(no_utf8),
    "gzip": Case(long_texts, headers=(("Content_Encoding", "gzip"),)),
}


def send_as(name: str, to: To, begun: Event, results: Any) -> None:
    """One sender, in a process of its own; the body is made before it begins."""
    os.nice(19)
    case = CASES[name]
    body = case.body()
    begun.wait()
    results.put(case.way(to, body, **dict(case.headers)))


def probe(host: str, port: int, over: Event, results: Any) -> None:
    """Ask for /healthz, a hundred times a second where it is fast; the milliseconds of each."""
    found = []
    connection = http.client.HTTPConnection(host, port, timeout=60)
    while not over.is_set():
        began = time.perf_counter()
        connection.request("GET", "/healthz")
        connection.getresponse().read()
        took = time.perf_counter() - began
        found.append(took * 1000)
        time.sleep(max(0.0, 0.01 - took))
    results.put(found)


def memory_mb(pid: int, name: str = "VmRSS") -> float:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return float(next(line.split()[1] for line in lines if line.startswith(name))) / 1024


def processor_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def measure(name: str, running: RunningService) -> None:
    """Carry out one case and print its row."""
    case = CASES[name]
    address = urlsplit(running.url)
    host, port = str(address.hostname), int(address.port or 80)
    keys = [running.key, *(key_for(running, f"Bench {n}") for n in range(case.keys - 1))] if case.keys else [None]
    context = multiprocessing.get_context("fork")
    begun, over = context.Event(), context.Event()
    sent, probed = context.Queue(), context.Queue()
    senders = [
        context.Process(target=send_as, args=(name, To(host, port, keys[n % len(keys)]), begun, sent))
        for n in range(case.senders)
    ]
    for sender in senders:
        sender.start()
    time.sleep(5 + case.senders / 2)  # each makes its body
    before, used = memory_mb(running.pid), processor_seconds(running.pid)
    prober = context.Process(target=probe, args=(host, port, over, probed))
    prober.start()
    began = time.monotonic()
    begun.set()
    answers = Counter(sent.get(timeout=600) for _ in senders)
    took = time.monotonic() - began
    used = processor_seconds(running.pid) - used
    time.sleep(SETTLED_SECONDS)
    over.set()
    times = probed.get(timeout=120)
    after = memory_mb(running.pid)
    for process in (*senders, prober):
        process.join(30)
    p99, most, ratio = percentile(times, 0.99), max(times), after / before
    figures = f"{took:7.1f} {used:7.1f} {percentile(times, 0.5):8.1f} {p99:8.1f} {most:8.1f}"
    figures += f" {before:7.0f} {memory_mb(running.pid, 'VmHWM'):7.0f} {after:7.0f} {ratio:6.2f}"
    verdict = "met" if p99 < LIMIT_MS and ratio <= LIMIT_MEMORY else "MISSED"
    said = ", ".join(f"{answer} x {count}" if count > 1 else answer for answer, count in answers.items())
    print(f"{name:<14} {figures}  {verdict:<6} {said}", flush=True)


def main() -> None:
    """Run the cases that are named, or all, each against a service of its own."""
    columns = ("s", "cpu s"), ("p50 ms", "p99 ms", "max ms"), ("MB", "most", "after")
    heads = [" ".join(f"{name:>{width}}" for name in names) for names, width in zip(columns, (7, 8, 7), strict=True)]
    print(f"{'':<14} {' '.join(heads)}  ratio")
    for name in sys.argv[1:] or CASES:
        with service({"no_op.py": NO_OP}, TRANCHE_LOG_LEVEL="warning") as running:
            measure(name, running)


if __name__ == "__main__":
    main()
