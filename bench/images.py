"""How many pictures a second become a WebP and a thumbnail, beside a bare pool of Pillow in the same run.

    python -m bench.images [--small 300] [--large 24] [--rounds 3] [--effort 4] [--folder FOLDER]

Small pictures are 200 to 800 pixels wide (JPEG and PNG), large ones 12 to 24 megapixels (JPEG, PNG and TIFF), all drawn
like photographs; or they are taken from a folder. The peer decodes, scales and writes the same two files in a pool of
bare processes, one for each processor: no upload, no checks, no limits, no database, nothing kept. Both take turns, and
every round has pictures of its own, because what is stored already is not stored again.

The pipeline's time is that from the first byte of the upload to the end of the batch. Uploads are on the disk before
they are answered, so a slow disk is what large TIFFs wait for; `behind the upload` leaves it out.

`busy` is the processor time of all processes of the service with its database, or of the pool, for each picture, and
what of it the children took; memory is what these processes hold together, shared pages counted once (PSS), at its
peak. With other work on the machine, compare what was busy: whoever has more processes gets more of the processors.
"""

from __future__ import annotations

import argparse
import io
import multiprocessing
import os
import random
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import repeat
from pathlib import Path

import httpx
from PIL import Image

from bench import peers
from bench.files import HEADERS, form
from bench.measures import OURS, Extent, Measure
from bench.service import RunningService, median, service

PILLOW, LIBVIPS = "a bare pool with Pillow", "a bare pool with libvips"
_TICK = os.sysconf("SC_CLK_TCK")
_LAYERS = ((8, 0.6), (40, 0.35), (200, 0.2), (800, 0.08))


def photograph(size: tuple[int, int], kind: str) -> bytes:
    """Layers of noise, the coarse ones strong and the fine ones weak, as in pictures of real things."""
    image = Image.new("RGB", size, (128, 128, 128))
    for cells, share in _LAYERS:
        height = max(1, cells * size[1] // size[0])
        noise = Image.frombytes("RGB", (cells, height), os.urandom(cells * height * 3))
        image = Image.blend(image, noise.resize(size, Image.Resampling.BICUBIC), share)
    target = io.BytesIO()
    image.save(target, kind, **{"JPEG": {"quality": 88}, "PNG": {"compress_level": 3}}.get(kind, {}))
    return target.getvalue()


def small(number: int) -> bytes:
    width = random.Random(number).randrange(200, 801)
    return photograph((width, width * 2 // 3), ("JPEG", "PNG")[number % 2])


def large(number: int) -> bytes:
    width = random.Random(number).randrange(4243, 6001)
    return photograph((width, width * 2 // 3), ("JPEG", "JPEG", "PNG", "TIFF")[number % 4])


def with_pillow(content: bytes, effort: int) -> float:
    """What the pipeline's pictures come to when nothing is in the way; seconds of processor time."""
    began = time.process_time()
    with Image.open(io.BytesIO(content)) as image:
        image.draft(None, (1600, 1600))
        image.thumbnail((1600, 1600), Image.Resampling.LANCZOS, reducing_gap=3.0)
        whole = image.convert("RGB")
        thumbnail = whole.copy()
        thumbnail.thumbnail((256, 256), Image.Resampling.LANCZOS)
        for made in (whole, thumbnail):
            made.save(io.BytesIO(), "WEBP", quality=80, method=effort)
    return time.process_time() - began


def form_of(pictures: Sequence[bytes], effort: int) -> bytes:
    """The body of the request, made beforehand: it is not the client that is measured."""
    files = ((f"PL_DXB191_{number:04d}_Front", iter((content,))) for number, content in enumerate(pictures))
    return b"".join(form({"pipeline": "web-images", "effort": str(effort)}, files))


def with_tranche(client: httpx.Client, body: bytes) -> tuple[int, float]:
    """Upload, convert, and wait for the end; bytes of the results, and the seconds of the upload."""
    began = time.perf_counter()
    reply = client.post("/api/jobs/batch", content=body, headers=HEADERS)
    sent = time.perf_counter() - began
    batch_id = reply.raise_for_status().json()["batch_id"]
    with client.stream("GET", f"/api/batches/{batch_id}/events", headers={"Accept": "text/event-stream"}) as stream:
        for _ in stream.iter_raw():
            pass
    batch = client.get(f"/api/batches/{batch_id}").json()["batch"]
    assert batch["status"] == "completed", batch["counters"]
    return int(batch["summary_data"]["bytes"] + batch["summary_data"]["thumbnail_bytes"]), sent


@dataclass(frozen=True)
class Process:
    """A process of the family: its command, and the seconds it and those of its children that ended have used."""

    pid: int
    command: str
    seconds: float


def family(root: int) -> list[Process]:
    """The process and all its descendants."""
    found: dict[int, tuple[int, Process]] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            head, _, rest = (folder / "stat").read_text().rpartition(")")
            command = (folder / "cmdline").read_text().replace("\0", " ")
        except OSError:
            continue
        values = rest.split()
        seconds = sum(map(int, values[11:15])) / _TICK
        found[int(folder.name)] = int(values[1]), Process(int(folder.name), command or head, seconds)
    members = {root}
    while grown := {pid for pid, (parent, _) in found.items() if parent in members} - members:
        members |= grown
    return [found[pid][1] for pid in members if pid in found]


def memory(roots: Sequence[int]) -> int:
    """Bytes that these families hold at this moment, shared pages counted once."""
    total = 0
    for process in (process for root in roots for process in family(root)):
        try:
            lines = Path(f"/proc/{process.pid}/smaps_rollup").read_text().splitlines()
        except OSError:
            continue
        total += sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
    return total * 1024


def peak_during(roots: Sequence[int], work: Callable[[], object]) -> int:
    """The most bytes that the families held while the work went on, looked at ten times a second."""
    done, most = threading.Event(), 0

    def watch() -> None:
        nonlocal most
        while not done.wait(0.1):
            most = max(most, memory(roots))

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        work()
    finally:
        done.set()
        watcher.join()
    return most


def database(running: RunningService) -> list[int]:
    """The process id of the service's own PostgreSQL, which is no child of its."""
    return [int(path.read_text().split()[0]) for path in running.home.glob("**/postmaster.pid")]


def used(running: RunningService) -> tuple[float, float]:
    """Processor seconds of the service's processes so far, and those of its children among them."""
    processes = [process for root in (running.pid, *database(running)) for process in family(root)]
    children = sum(process.seconds for process in processes if "sandbox_server" in process.command)
    return sum(process.seconds for process in processes), children


Draw = Callable[[Sequence[int]], list[bytes]]


def compare(
    name: str,
    draw: Callable[[Sequence[int]], list[bytes]],
    count: int,
    rounds: int,
    effort: int,
    running: RunningService,
) -> None:
    """Rounds of both, taking turns at being the first."""
    ratios: list[float] = []
    ratios_behind: list[float] = []
    with running.client() as client, ProcessPoolExecutor() as pool:
        warm = draw(range(10**6, 10**6 + 4))
        with_tranche(client, form_of(warm, 0))
        list(pool.map(with_pillow, warm, repeat(0)))

        def bare(pictures: Sequence[bytes]) -> tuple[float, float]:
            began = time.perf_counter()
            used = sum(pool.map(with_pillow, pictures, repeat(effort)))
            return len(pictures) / (time.perf_counter() - began), used / len(pictures)

        def ours(pictures: Sequence[bytes]) -> tuple[float, float, str]:
            body = form_of(pictures, effort)
            before, began = used(running), time.perf_counter()
            made, sent = with_tranche(client, body)
            took = time.perf_counter() - began
            busy, children = (after - earlier for after, earlier in zip(used(running), before, strict=True))
            each = 1000 / len(pictures)
            return (
                len(pictures) / took,
                len(pictures) / (took - sent),
                (
                    f"upload {sent:.2f} of {took:.2f} s, "
                    f"busy {busy * each:.1f} ms ({children * each:.1f} in children), {made * each / 1e6:.0f} kB made"
                ),
            )

        for turn in range(rounds):
            pictures = draw(range(turn * count, turn * count + count))
            if turn % 2:
                speed, behind, how = ours(pictures)
                alone, bare_busy = bare(pictures)
            else:
                alone, bare_busy = bare(pictures)
                speed, behind, how = ours(pictures)
            ratios.append(speed / alone)
            ratios_behind.append(behind / alone)
            size = sum(map(len, pictures)) / len(pictures) / 1000
            print(
                f"  {len(pictures)} {name} of {size:,.0f} kB   "
                f"Pillow alone {alone:>6.1f} a second (busy {bare_busy * 1000:.1f} ms)   "
                f"the pipeline {speed:>6.1f}   {speed / alone:.2f}x, behind the upload {behind / alone:.2f}x   ({how})",
                flush=True,
            )
        last = draw(range(10**7, 10**7 + count))
        body = form_of(last, effort)
        mine = peak_during([running.pid, *database(running)], lambda: with_tranche(client, body))
        workers = [process.pid for process in multiprocessing.active_children() if process.pid]
        theirs = peak_during(workers, lambda: bare(last))
    print(
        f"  {name}: {median(ratios):.2f}x, behind the upload {median(ratios_behind):.2f}x, "
        f"memory {mine / 1e6:,.0f} MB, the bare pool's {theirs / 1e6:,.0f} MB",
        flush=True,
    )


def _draw(one: Callable[[int], bytes], numbers: Sequence[int]) -> list[bytes]:
    return [one(number) for number in numbers]


def measures(extent: Extent, effort: int = 4) -> Iterator[Measure]:
    """Pictures a second from the first byte of the upload to the end, beside bare pools of Pillow and of libvips."""
    shapes = (("small", small, extent.of(100, 4)), ("large", large, 8))
    python = peers.python("pyvips") if extent.peers else None
    with service() as running, running.client() as client, ProcessPoolExecutor() as pool:
        for name, one, count in shapes[:1] if extent.small else shapes:
            found: dict[str, list[float]] = {OURS: [], PILLOW: [], **({LIBVIPS: []} if python else {})}
            for turn in range(extent.rounds + 1):
                # What is stored already is not stored again, so each round has pictures of its own.
                pictures = _draw(one, range(turn * count, turn * count + count))
                body = form_of(pictures, effort)
                began = time.perf_counter()
                with_tranche(client, body)
                rates = {OURS: count / (time.perf_counter() - began)}
                began = time.perf_counter()
                list(pool.map(with_pillow, pictures, repeat(effort)))
                rates[PILLOW] = count / (time.perf_counter() - began)
                if python:
                    rates[LIBVIPS] = count / with_vips(python, pictures, effort)
                for who, rate in rates.items():
                    if turn:  # the first warms up
                        found[who].append(rate)
            yield Measure(
                name=f"pictures.{name}",
                work=f"{count} {name} pictures to a WebP and a thumbnail each, from the upload to the end",
                unit="a second",
                ours=found[OURS],
                peers={who: found[who] for who in found if who != OURS},
                absent=[LIBVIPS] if extent.peers and not python else [],
            )


def with_vips(python: Path, pictures: Sequence[bytes], effort: int) -> float:
    """Seconds of a pool of processes with libvips."""
    with tempfile.TemporaryDirectory(prefix="tranche-bench-pictures-", dir="/tmp") as folder:
        for number, content in enumerate(pictures):
            (Path(folder) / f"{number:05d}").write_bytes(content)
        script = Path(__file__).resolve().parent / "peers" / "vips_pool.py"
        done = subprocess.run([python, script, folder, str(effort)], capture_output=True, text=True, check=True)
        return float(done.stdout.split()[-1])


def main() -> None:
    """The small ones, then the large ones; or those of a folder."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--small", type=int, default=300, help="Pictures in a round; 0 leaves them out.")
    parser.add_argument("--large", type=int, default=24, help="Pictures in a round; 0 leaves them out.")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--effort", type=int, default=4)
    parser.add_argument("--folder", type=Path, help="Pictures to use instead of drawn ones.")
    options = parser.parse_args()
    print(f"effort {options.effort}, on {os.cpu_count()} processors")
    with service() as running:
        if options.folder:
            ends = (".jpg", ".jpeg", ".png", ".webp", ".tif", ".tiff")
            found = [path.read_bytes() for path in sorted(options.folder.rglob("*")) if path.suffix.lower() in ends]
            compare("files", lambda numbers: found, len(found), 1, options.effort, running)
            return
        for name, one, count in (("small pictures", small, options.small), ("large pictures", large, options.large)):
            if count:
                compare(name, partial(_draw, one), count, options.rounds, options.effort, running)


if __name__ == "__main__":
    main()
