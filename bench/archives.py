"""The ZIP of a batch beside sendfile of the same files, zip -0, and FastAPI with zipstream-ng: speed and first byte.

    script/bench zip [--rounds 5]

Small files are 10,000 of 10 KB, the big one has 1 GiB. Everybody's reader is the same plain socket; of `zip -0` the
output goes to /dev/null. The first byte is that of the answer.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

from bench import peers
from bench.files import HEADERS, MB, download, form, gathered, wait_for_end
from bench.measures import OURS, Extent, Measure, at_least, at_most, in_turns
from bench.service import RunningService, service
from bench.uploads import make_files, pieces_of

SERVERS = Path(__file__).resolve().parent / "peers" / "zip_servers.py"
SENDFILE, ZIP, ZIPSTREAM = "sendfile", "zip -0", "FastAPI + zipstream"
FIRST_BYTE_MS = 15.0


@contextmanager
def served(python: Path, kind: str, folder: Path) -> Iterator[RunningService]:
    """A bare server of the folder as a ZIP."""
    server = subprocess.Popen([python, SERVERS, kind, folder], stdout=subprocess.PIPE, text=True)
    try:
        assert server.stdout
        yield RunningService(f"http://127.0.0.1:{int(server.stdout.readline())}", "none", folder, server.pid)
    finally:
        server.kill()
        server.wait(30)


def zipped(folder: Path) -> float:
    """MB/s of the command."""
    size = sum(path.stat().st_size for path in folder.iterdir())
    began = time.perf_counter()
    command = ["zip", "-0", "-q", "-r", "-", folder.name]
    subprocess.run(command, cwd=folder.parent, check=True, stdout=subprocess.DEVNULL)
    return size / (time.perf_counter() - began) / MB


def measures_of(running: RunningService, folder: Path, extent: Extent, name: str, share: float) -> Iterator[Measure]:
    """The files of one folder as a batch's ZIP."""
    files = [*folder.iterdir()]
    firsts: dict[str, list[float]] = {OURS: [], SENDFILE: []}
    with running.client() as client, ExitStack() as stack:
        body = gathered(form({"pipeline": "originals"}, pieces_of(folder)))
        created = client.post("/api/jobs/batch", content=body, headers=HEADERS)
        batch_id = created.raise_for_status().json()["batch_id"]
        wait_for_end(client, batch_id)

        def rate(server: RunningService, path: str, who: str) -> float:
            took = download(server, path)
            firsts.setdefault(who, []).append(took.first * 1000)
            return took.size / took.last / MB

        bare = stack.enter_context(served(Path(sys.executable), "sendfile", folder))
        work: dict[str, Callable[[], float]] = {
            OURS: partial(rate, running, f"/api/batches/{batch_id}/download", OURS),
            SENDFILE: partial(rate, bare, "/", SENDFILE),
        }
        absent = []
        if extent.peers:
            if shutil.which("zip"):
                work[ZIP] = partial(zipped, folder)
            if python := peers.python("fastapi", "uvicorn", "zipstream"):
                streamed = stack.enter_context(served(python, "zipstream", folder))
                work[ZIPSTREAM] = partial(rate, streamed, "/", ZIPSTREAM)
            absent = [who for who in (ZIP, ZIPSTREAM) if who not in work]
        in_turns(1, work)
        # Ours is laid out by the first fetch and remembered by the others, which says nothing of who comes first.
        unknown = {who: [*values] for who, values in firsts.items()}
        for values in firsts.values():
            values.clear()
        found = in_turns(extent.rounds, work)
    size = sum(path.stat().st_size for path in files) / MB
    yield Measure(
        name=f"zip.{name}",
        work=f"ZIP of {len(files):,} file{'s' * (len(files) > 1)}, {size:,.0f} MB, to the last byte",
        unit="MB/s",
        ours=found[OURS],
        limits={SENDFILE: found[SENDFILE]},
        peers={who: found[who] for who in (ZIP, ZIPSTREAM) if who in found},
        goals=(at_least(share, SENDFILE),),
        absent=absent,
    )
    yield Measure(
        name=f"zip.{name}.first",
        work=f"first byte of that ZIP ({len(files):,} file{'s' * (len(files) > 1)}), fetched again within two minutes",
        unit="ms",
        ours=firsts[OURS],
        limits={SENDFILE: firsts[SENDFILE]},
        peers={ZIPSTREAM: firsts[ZIPSTREAM]} if ZIPSTREAM in firsts else {},
        goals=(at_most(FIRST_BYTE_MS),),
    )
    yield Measure(
        name=f"zip.{name}.first_time",
        work="its first byte for the first who fetches it",
        unit="ms",
        ours=unknown[OURS],
        limits={SENDFILE: unknown[SENDFILE]},
        goals=(at_most(FIRST_BYTE_MS),),
        note="one sample: a batch is new once",
    )


def measures(extent: Extent) -> Iterator[Measure]:
    """Small files, then a big one."""
    shapes = (
        ("small", extent.of(10_000, 20), 10_000, 0.6),
        ("big", 1, extent.of(1024 * 1024 * 1024, 2_000_000), 0.7),
    )
    with tempfile.TemporaryDirectory(prefix="tranche-bench-zip-", dir="/tmp") as place, service() as running:
        for name, count, size, share in shapes:
            folder = Path(place) / name
            make_files(folder, count, size)
            yield from measures_of(running, folder, extent, name, share)
