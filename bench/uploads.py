"""Uploads in one request, durable at the 201, beside what the machine does with the same bytes in the same run.

    python -m bench.uploads [--files 1000] [--kilobytes 100] [--large 1024] [--rounds 5]

Ours and the limits go by turns, each round with bytes of its own; medians are shown:

  ours                     POST of one multipart request until its 201; processor time is the service's alone
  cp + sha256sum           the same files copied and summed by the tools of the system; nothing is synced
  cp + sha256sum, synced   the same with one `sync -f` (syncfs), after which they survive a power cut as ours do

Many small files are removed after the last round: ext4 steps around an inode for minutes after its file is gone, and
whoever makes files then, ours or cp, took up to twice as long. So a run shortly after another one is slower.
"""

from __future__ import annotations

import argparse
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final, NamedTuple
from urllib.parse import urlsplit

from bench.files import BOUNDARY, MB, form, gathered, resident
from bench.measures import OURS, Extent, Measure, at_most
from bench.service import RunningService, median, service

COPIED: Final = "cp + sha256sum"
SYNCED: Final = "cp + sha256sum, synced"
_TICKS: Final = os.sysconf("SC_CLK_TCK")


class Taken(NamedTuple):
    """Seconds by the clock, seconds of the service's processor time, and bytes that it grew by."""

    seconds: float
    processor: float = 0.0
    growth: int = 0


def processor_seconds(pid: int) -> float:
    """User and system time that a process with all its threads has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def make_files(folder: Path, count: int, size: int) -> None:
    """Files of random bytes, on the disk and in the cache."""
    folder.mkdir()
    for number in range(count):
        with (folder / f"PL_DXB191_Part{number:05d}_Front.png").open("wb") as file:
            for start in range(0, size, 1024 * 1024):
                file.write(os.urandom(min(size - start, 1024 * 1024)))
    subprocess.run(["sync", "-f", folder], check=True)


def pieces_of(folder: Path) -> Iterator[tuple[str, Iterator[bytes]]]:
    """Their names and contents, for a form."""
    for path in sorted(folder.iterdir()):
        yield path.name, _read(path)


def _read(path: Path) -> Iterator[bytes]:
    with path.open("rb", buffering=0) as file:
        while piece := file.read(256 * 1024):
            yield piece


def upload(running: RunningService, folder: Path) -> Taken:
    """One request with all files of a folder, from a plain socket: the client is not what is measured."""
    at = urlsplit(running.url)
    Path(f"/proc/{running.pid}/clear_refs").write_text("5")  # begins the peak anew
    before, used = resident(running.pid, "VmRSS"), processor_seconds(running.pid)
    began = time.perf_counter()
    with socket.create_connection((at.hostname, at.port)) as connection:
        head = (
            "POST /api/jobs/batch HTTP/1.1",
            f"Host: {at.netloc}",
            f"Authorization: Bearer {running.key}",
            f"Content-Type: multipart/form-data; boundary={BOUNDARY}",
            "Transfer-Encoding: chunked",
            "Connection: close",
        )
        connection.sendall("\r\n".join((*head, "", "")).encode())
        for piece in gathered(form({"pipeline": "originals", "start": "false"}, pieces_of(folder))):
            connection.sendall(b"%x\r\n" % len(piece) + piece + b"\r\n")
        connection.sendall(b"0\r\n\r\n")
        answer = connection.recv(65536)
    took = time.perf_counter() - began
    assert answer.startswith(b"HTTP/1.1 201"), answer
    grown = resident(running.pid, "VmHWM") - before
    return Taken(took, processor_seconds(running.pid) - used, grown)


def copied(folder: Path, *, synced: bool) -> Taken:
    """`cp` and `sha256sum` of the same files, and one `syncfs` where they are to stay. The copy stays."""
    target = folder.with_name(f"{folder.name}-{'synced' if synced else 'copy'}")
    began = time.perf_counter()
    subprocess.run(["cp", "-r", folder, target], check=True)
    subprocess.run("sha256sum -- * > /dev/null", shell=True, cwd=target, check=True)
    if synced:
        subprocess.run(["sync", "-f", target], check=True)
    return Taken(time.perf_counter() - began)


def compare(running: RunningService, place: Path, count: int, size: int, rounds: int) -> dict[str, list[Taken]]:
    """What each way took in rounds that go by turns."""
    ways: dict[str, Callable[[Path], Taken]] = {
        OURS: lambda folder: upload(running, folder),
        COPIED: lambda folder: copied(folder, synced=False),
        SYNCED: lambda folder: copied(folder, synced=True),
    }
    taken: dict[str, list[Taken]] = {name: [] for name in ways}
    for number in range(rounds):
        folder = place / f"{size}-{number}"
        make_files(folder, count, size)
        for name, way in ways.items():
            subprocess.run(["sync", "-f", folder], check=True)  # what others left to write is not this one's
            taken[name].append(way(folder))
        if count == 1 or number == rounds - 1:
            for made in place.iterdir():
                shutil.rmtree(made)
    return taken


def show(taken: dict[str, list[Taken]], count: int, size: int) -> None:
    """Print the medians."""
    ours = median([one.seconds for one in taken[OURS]])
    print(f"{count:,} files of {size / 1000:,.0f} KB, median of {len(taken[OURS])} rounds")
    for name, each in taken.items():
        seconds = median([one.seconds for one in each])
        line = f"  {name:<24} {seconds:>7.2f} s  {count * size / seconds / MB:>6.0f} MB/s"
        line += f"   service is {ours / seconds:.2f} of it"
        if name == OURS:
            line += f"   {median([one.processor for one in each]):.2f} s of processor"
            line += f"   grows by {max(one.growth for one in each) / MB:.0f} MB"
        print(line, flush=True)


def measures(extent: Extent) -> Iterator[Measure]:
    """Small files, then a large one, in seconds."""
    shapes = (
        ("small", extent.of(1000, 20), 100_000, at_most(1.2)),
        ("large", 1, extent.of(1024 * 1024 * 1024, 2_000_000), at_most(0.9, COPIED)),
    )
    with tempfile.TemporaryDirectory(prefix="tranche-bench-uploads-", dir="/tmp") as place, service() as running:
        for name, count, size, goal in shapes:
            taken = compare(running, Path(place), count, size, extent.rounds)
            seconds = {way: [one.seconds for one in each] for way, each in taken.items()}
            work = f"upload of {count:,} file{'s' * (count > 1)} of {size / 1000:,.0f} KB in one request, durable"
            limits = {way: seconds[way] for way in (COPIED, SYNCED)}
            yield Measure(f"upload.{name}", work, "s", seconds[OURS], limits, goals=(goal,))


def main() -> None:
    """Small files, then a large one."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, default=1000)
    parser.add_argument("--kilobytes", type=int, default=100)
    parser.add_argument("--large", type=int, default=1024, help="MiB of the large file; 0 for none.")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    place = Path(tempfile.mkdtemp(prefix="tranche-bench-uploads-", dir="/tmp"))
    try:
        with service() as running:
            size = options.kilobytes * 1000
            show(compare(running, place, options.files, size, options.rounds), options.files, size)
            if options.large:
                size = options.large * 1024 * 1024
                show(compare(running, place, 1, size, options.rounds), 1, size)
    finally:
        shutil.rmtree(place)


if __name__ == "__main__":
    main()
