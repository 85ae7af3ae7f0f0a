"""Many small files and one large one: time, memory of the service, and how fast the ZIP streams.

    python -m bench.files [--files 10000] [--kilobytes 10] [--large 1024] [--rounds 5]

Growth is the peak of the service's resident memory during a part, above what it held before it. The ZIP is read from a
plain socket; beside it `zip -0` (when there is one) and Python's zipfile pack the same files in the same run.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import shutil
import socket
import subprocess
import tempfile
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import httpx

from bench.service import RunningService, median, service

MB = 1_000_000
BOUNDARY = "a-boundary-of-the-bench"
HEADERS = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}


def resident(pid: int, what: str) -> int:
    """Bytes of resident memory: VmRSS now, VmHWM at its peak."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith(what)).split()[1]) * 1024


@contextmanager
def measured(what: str, pid: int, size: int) -> Iterator[None]:
    """Print the time, the speed and the growth of a part."""
    Path(f"/proc/{pid}/clear_refs").write_text("5")  # begins the peak anew
    before, began = resident(pid, "VmRSS"), time.perf_counter()
    yield
    took = time.perf_counter() - began
    growth = resident(pid, "VmHWM") - before
    print(f"  {what:<34} {took:>7.2f} s  {size / took / MB:>7.0f} MB/s   grows by {growth / MB:>5.0f} MB")


def form(fields: dict[str, str], files: Iterator[tuple[str, Iterator[bytes]]]) -> Iterator[bytes]:
    """A multipart body, piece by piece."""
    for name, value in fields.items():
        yield f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
    for filename, pieces in files:
        head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="files"; filename="{filename}"\r\n\r\n'
        yield head.encode()
        yield from pieces
        yield b"\r\n"
    yield f"--{BOUNDARY}--\r\n".encode()


def gathered(pieces: Iterator[bytes], size: int = 256 * 1024) -> Iterator[bytes]:
    """Larger pieces, so that the client is not what is measured."""
    held = bytearray()
    for piece in pieces:
        held += piece
        if len(held) >= size:
            yield bytes(held)
            held.clear()
    yield bytes(held)


def small_files(count: int, size: int) -> Iterator[tuple[str, Iterator[bytes]]]:
    for number in range(count):
        content = hashlib.shake_128(str(number).encode()).digest(size)
        yield f"PL_DXB191_Part{number:05d}_Front.png", iter((content,))


def large_file(megabytes: int) -> Iterator[tuple[str, Iterator[bytes]]]:
    block = os.urandom(1024 * 1024)
    yield "PL_DXB191_Film.mov", (number.to_bytes(8, "big") + block[8:] for number in range(megabytes))


def wait_for_end(client: httpx.Client, batch_id: str) -> None:
    with client.stream("GET", f"/api/batches/{batch_id}/events", headers={"Accept": "text/event-stream"}) as stream:
        for _ in stream.iter_lines():
            pass
    assert client.get(f"/api/batches/{batch_id}").json()["batch"]["status"] == "completed"


@dataclass(frozen=True)
class Download:
    """Bytes of a body, seconds until its first and until its last."""

    size: int
    first: float
    last: float


def download(running: RunningService, path: str, *, keep: Path | None = None) -> Download:
    """Read a response from a plain socket."""
    began, first = time.perf_counter(), 0.0
    at = urlsplit(running.url)
    with socket.create_connection((at.hostname, at.port)) as connection, (keep or Path(os.devnull)).open("wb") as file:
        lines = (f"GET {path} HTTP/1.1", f"Host: {at.netloc}", f"Authorization: Bearer {running.key}")
        connection.sendall("\r\n".join((*lines, "Connection: close", "", "")).encode())
        buffer, got, body = bytearray(1024 * 1024), 0, -1
        while count := connection.recv_into(buffer):
            if body < 0:
                head, _, rest = bytes(buffer[:count]).partition(b"\r\n\r\n")
                assert head.startswith(b"HTTP/1.1 200"), head
                body, count, first = 0, len(rest), time.perf_counter() - began
                buffer[:count] = rest
            got += count
            if keep:
                file.write(buffer[:count])
        return Download(got, first, time.perf_counter() - began)


def pack_elsewhere(files: int, size: int) -> None:
    """What others take for the same files."""
    folder = Path(tempfile.mkdtemp(prefix="tranche-bench-zip-", dir="/tmp"))
    try:
        source = folder / "files"
        source.mkdir()
        for name, pieces in small_files(files, size):
            (source / name).write_bytes(b"".join(pieces))
        if shutil.which("zip"):
            began = time.perf_counter()
            subprocess.run(["zip", "-0", "-q", "-r", "-", "files"], cwd=folder, check=True, stdout=subprocess.DEVNULL)
            print(f"  {'zip -0 of the same files':<34} {files * size / (time.perf_counter() - began) / MB:>18.0f} MB/s")
        began = time.perf_counter()
        with zipfile.ZipFile(folder / "all.zip", "w") as archive:
            for path in source.iterdir():
                archive.write(path, path.name)
        print(f"  {'zipfile of the same files':<34} {files * size / (time.perf_counter() - began) / MB:>18.0f} MB/s")
    finally:
        shutil.rmtree(folder)


def main() -> None:
    """Upload, process, download; small files first, then the large one."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, default=10_000)
    parser.add_argument("--kilobytes", type=int, default=10)
    parser.add_argument("--large", type=int, default=1024, help="Megabytes of the large file.")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    size, fields = options.kilobytes * 1000, {"pipeline": "originals"}
    total = options.files * size
    with service() as running, running.client() as client:

        def submit(files: Iterator[tuple[str, Iterator[bytes]]]) -> str:
            reply = client.post("/api/jobs/batch", content=gathered(form(fields, files)), headers=HEADERS)
            assert reply.status_code == 201, reply.text
            return str(reply.json()["batch_id"])

        wait_for_end(client, submit(small_files(20, size)))
        print(f"{options.files:,} files of {options.kilobytes} KB")
        with measured("upload in one request", running.pid, total):
            batch_id = submit(small_files(options.files, size))
        with measured("the pipeline `originals`", running.pid, total):
            wait_for_end(client, batch_id)
        path, kept = f"/api/batches/{batch_id}/download", running.home / "kept.zip"
        with measured("their ZIP, first time", running.pid, total):
            download(running, path)
        taken = [download(running, path) for _ in range(options.rounds)]
        streamed = median([each.size / (each.last - each.first) / MB for each in taken])
        print(f"  {'their ZIP streams, median':<34} {streamed:>18.0f} MB/s")
        whole = median([each.size / each.last / MB for each in taken])
        first = median([each.first for each in taken])
        print(f"  {'with what comes before, median':<34} {whole:>18.0f} MB/s   first byte after {first * 1000:.0f} ms")
        pack_elsewhere(options.files, size)
        download(running, path, keep=kept)
        with zipfile.ZipFile(kept) as archive:
            assert len(archive.namelist()) == options.files
            assert archive.testzip() is None
        size = options.large * 1024 * 1024
        print(f"one file of {options.large:,} MiB")
        with measured("upload", running.pid, size):
            batch_id = submit(large_file(options.large))
        wait_for_end(client, batch_id)
        with measured("its ZIP", running.pid, size):
            download(running, f"/api/batches/{batch_id}/download")


if __name__ == "__main__":
    main()
