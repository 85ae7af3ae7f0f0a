"""A batch under fire: the service is killed again and again while it runs one batch; then the books are checked.

    python -m bench.chaos [--jobs 1000] [--kills 10]

Prints how long it took, and whether each job ended once, no step result was recorded twice, and no event id is missing.
"""

from __future__ import annotations

import argparse
import random
import shutil
import time
from collections import Counter
from pathlib import Path

import httpx

from tests.conftest import WORKLOADS, make_home
from tests.live import LiveServer

TERMINAL = ("completed", "partial", "failed", "cancelled")


def wait_for(client: httpx.Client, batch_id: str, done: int) -> bool:
    """Wait until so many jobs have completed; whether the batch has ended."""
    while True:
        try:
            batch = client.get(f"/api/batches/{batch_id}").json()["batch"]
        except (httpx.TransportError, KeyError):
            time.sleep(0.1)
            continue
        if batch["status"] in TERMINAL or batch["counters"]["completed"] >= done:
            return batch["status"] in TERMINAL
        time.sleep(0.05)


def read_log(client: httpx.Client, batch_id: str) -> list[dict[str, object]]:
    events: list[dict[str, object]] = []
    while True:
        page = client.get(
            f"/api/batches/{batch_id}/events", params={"last_event_id": len(events), "limit": 1000}
        ).json()
        events += page["events"]
        if not page["next_cursor"]:
            return events


def main() -> None:
    """Run, kill, check, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jobs", type=int, default=1000)
    parser.add_argument("--kills", type=int, default=10)
    options = parser.parse_args()
    home: Path = make_home()
    server = LiveServer(home, WORKLOADS)
    try:
        server.start()
        client = server.client()
        body = {"pipeline": "slow", "max_parallel": 32, "params": {"seconds": 0.1}}
        body["items"] = [{"record": {}} for _ in range(options.jobs)]
        batch_id = client.post("/api/batches", json=body).json()["batch_id"]
        began, kills = time.monotonic(), 0
        for kill in range(1, options.kills + 1):
            if wait_for(client, batch_id, int(options.jobs * kill / (options.kills + 1) * random.uniform(0.7, 1))):
                break
            server.kill()
            kills += 1
            server.start()
        wait_for(client, batch_id, options.jobs + 1)
        took = time.monotonic() - began
        events = read_log(client, batch_id)
        batch = client.get(f"/api/batches/{batch_id}").json()["batch"]
        ended = Counter(e["job_id"] for e in events if e["type"] in ("job.completed", "job.failed", "job.cancelled"))
        steps = Counter((e["job_id"], e["step"]) for e in events if e["type"] == "step.completed")
        requeued = sum(e["type"] == "job.requeued" for e in events)
        ending = f"{batch['status']} after {took:.1f} s, {requeued} jobs put back"
        print(f"{options.jobs} jobs, killed {kills} times: {ending}")
        print(f"  counters             {batch['counters']}")
        print(f"  each job ended once  {len(ended) == options.jobs and set(ended.values()) == {1}}")
        print(f"  results twice        {sum(count > 1 for count in steps.values())}")
        print(f"  event ids gapless    {[e['id'] for e in events] == list(range(1, batch['last_event_id'] + 1))}")
    finally:
        server.destroy()
        shutil.rmtree(home, ignore_errors=True)


if __name__ == "__main__":
    main()
