"""What a quiet organisation notices of one that floods the service, beside its own quiet time in the same run.

    python -m bench.neighbours [--samples 20] [--cycles 3]

The quiet one submits small sheets (PDF), one after the other, each of them new, and reads lists meanwhile. In every
cycle it does so alone, and then while the other one has 400 tables of 12 MB in 40 batches waiting for children, submits
batches of records without a pause, uploads over four connections, and holds eighteen streams. The flood has the lowest
priority, as its client would be on another machine. A ratio is the figure in the flood by that alone; the limit is 2
for p99.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import random
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.synchronize import Event
from pathlib import Path

import httpx

from bench.service import RunningService, service
from tests.extractions.random_meets import RandomMeet

LIMIT = 2.0
BATCHES, ITEMS = 40, 10


def key_for(running: RunningService, organisation: str) -> str:
    """An administrator's key of a new organisation."""
    command = [sys.executable, "-m", "app", "keys", "create", "bench", "--organisation", organisation, "--admin"]
    environment = os.environ | {"TRANCHE_HOME": str(running.home)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return done.stdout.split()[-1]


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


def flood(url: str, key: str, file_id: str, flooding: Event, over: Event) -> None:
    """What the other organisation does: whenever `flooding` is set, until `over` is."""
    os.nice(19)

    def again_and_again(work: Callable[[httpx.Client], None]) -> None:
        with client_of(url, key) as client:
            while not over.is_set():
                if flooding.wait(0.2):
                    try:
                        work(client)
                    except httpx.HTTPError:
                        time.sleep(0.2)

    def submit_records(client: httpx.Client) -> None:
        items = [{"record": {"email": f"{n}@example.org"}} for n in range(50)]
        client.post("/api/batches", json={"pipeline": "no-op", "items": items})

    def upload(client: httpx.Client) -> None:
        client.put("/api/files/large.bin", content=os.urandom(8_000_000))

    def follow(client: httpx.Client) -> None:
        with client.stream("GET", "/api/events") as stream:
            for _ in stream.iter_lines():
                if not flooding.is_set() or over.is_set():
                    return

    def submit_tables(client: httpx.Client) -> None:
        body = {"pipeline": "data-report", "max_parallel": ITEMS, "items": [{"file_id": file_id}] * ITEMS}
        made = [client.post("/api/batches", json=body).json()["batch_id"] for _ in range(BATCHES)]
        while flooding.is_set() and not over.is_set():
            time.sleep(0.1)
        for batch_id in made:
            client.post(f"/api/batches/{batch_id}/cancel")

    work = [submit_tables, submit_records, *[upload] * 4, *[follow] * 18]
    threads = [threading.Thread(target=again_and_again, args=(one,)) for one in work]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


@contextmanager
def flooder(running: RunningService, key: str) -> Iterator[Event]:
    """A process that floods while the event is set."""
    with client_of(running.url, key) as client:
        stored = client.put("/api/files/table.csv", content=table(200_000))
        stored.raise_for_status()
    context = multiprocessing.get_context("spawn")
    flooding, over = context.Event(), context.Event()
    process = context.Process(target=flood, args=(running.url, key, stored.json()["id"], flooding, over))
    process.start()
    try:
        yield flooding
    finally:
        over.set()
        process.join(30)
        if process.is_alive():
            process.kill()


def sheets(count: int) -> list[bytes]:
    """Small sheets, no two alike."""
    found = []
    with tempfile.TemporaryDirectory() as folder:
        for number in range(count):
            path = Path(folder) / f"{number}.pdf"
            RandomMeet(random.Random(number)).draw(path, pages=1)
            found.append(path.read_bytes())
    return found


def run_sheet(client: httpx.Client, sheet: bytes) -> float:
    """Seconds from the first byte of a sheet to the last event of its job."""
    began = time.perf_counter()
    form = {"pipeline": "pdf-extraction", "swimmer_name": "Maya Lindqvist"}
    made = client.post("/api/jobs", data=form, files={"file": ("sheet.pdf", sheet, "application/pdf")})
    made.raise_for_status()
    with client.stream("GET", made.json()["links"]["events"], headers={"Accept": "text/event-stream"}) as stream:
        last = [json.loads(line[6:]) for line in stream.iter_lines() if line.startswith("data: ")][-1]
    assert last["type"] == "batch.completed", last
    return time.perf_counter() - began


def run_request(client: httpx.Client, path: str) -> float:
    began = time.perf_counter()
    client.get(path).raise_for_status()
    return time.perf_counter() - began


def percentile(values: list[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


def until_idle(client: httpx.Client) -> None:
    """Wait for the flood to drain away: nothing of it may be counted as quiet time."""
    while client.get("/api/status").json()["slots"]["used"]:
        time.sleep(0.2)


NO_OP = """
from app.pipelines.contract import Pipeline, StepContext

pipeline = Pipeline("no-op", title="A step that does nothing", accepts=("record",))


@pipeline.step()
async def first(ctx: StepContext) -> None: ...
"""


def main() -> None:
    """Run the cycles and print the figures and their ratios."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--samples", type=int, default=20)
    parser.add_argument("--cycles", type=int, default=3)
    options = parser.parse_args()
    found: dict[str, dict[bool, list[float]]] = {kind: {False: [], True: []} for kind in ("sheet", "request")}
    quietly = {"TRANCHE_LOG_LEVEL": "warning"}
    unlimited = quietly | {"TRANCHE_RATE_KEY_PER_MINUTE": "0", "TRANCHE_RATE_ORGANISATION_PER_MINUTE": "0"}
    waiting = sheets(2 * options.samples * options.cycles + 2)
    with (
        service({"no_op.py": NO_OP}, **unlimited) as running,
        client_of(running.url, key_for(running, "Quiet")) as client,
        flooder(running, key_for(running, "Flood")) as flooding,
    ):
        for _ in range(2):
            run_sheet(client, waiting.pop())
        for _ in range(options.cycles):
            for floods in (False, True):
                if floods:
                    flooding.set()
                    while client.get("/api/status").json()["slots"]["used"] < 20:
                        time.sleep(0.1)
                for _ in range(options.samples):
                    found["sheet"][floods].append(run_sheet(client, waiting.pop()))
                    for path in ("/api/batches", "/api/pipelines", "/api/files") * 2:
                        found["request"][floods].append(run_request(client, path))
                flooding.clear()
            until_idle(client)
    print(f"{options.cycles} cycles of {options.samples} sheets and {6 * options.samples} requests, in milliseconds")
    for kind, by_flood in found.items():
        alone, flooded = by_flood[False], by_flood[True]
        for share in (0.5, 0.99):
            quiet, loud = percentile(alone, share) * 1000, percentile(flooded, share) * 1000
            ratio = loud / quiet
            verdict = "" if share < 0.9 else f"  limit {LIMIT:g}: {'met' if ratio <= LIMIT else 'MISSED'}"
            figures = f"alone {quiet:>8.1f}   flooded {loud:>8.1f}   ratio {ratio:5.2f}"
            print(f"  {kind:<8} p{share * 100:<4g} {figures}{verdict}")


if __name__ == "__main__":
    main()
