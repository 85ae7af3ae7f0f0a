"""Follow a batch to its end: every event once, whatever happens to the connection.

    python examples/follow.py http://127.0.0.1:8000 BATCH_ID < data/admin.key

Needs httpx and httpx-sse. Prints one line for each event; the exit code is 0 when every job completed.
"""

from __future__ import annotations

import json
import random
import sys
import time
from collections.abc import Iterator
from typing import Any

import httpx
from httpx_sse import connect_sse

ENDS = {"batch.completed", "batch.partial", "batch.failed", "batch.cancelled"}
SILENCE = 45.0  # the service sends a comment every 15 seconds: after three of these the line is dead
AWAY = {429, 502, 503, 504}


def follow(service: str, key: str, batch_id: str) -> Iterator[dict[str, Any]]:
    """The batch's events from the first to the last."""
    last, wait = "0", 1.0
    headers = {"Authorization": f"Bearer {key}"}
    timeout = httpx.Timeout(10, read=SILENCE)
    with httpx.Client(base_url=service, headers=headers, timeout=timeout, trust_env=False) as client:
        while True:
            try:
                path = f"/api/batches/{batch_id}/events"
                with connect_sse(client, "GET", path, headers={"Last-Event-ID": last}) as source:
                    status = source.response.status_code
                    if status == 204:  # we have seen the end already
                        return
                    if status not in AWAY:
                        source.response.raise_for_status()
                        for event in source.iter_sse():
                            if event.retry is not None:
                                wait = event.retry / 1000
                            if event.event == "reset":  # the place we asked for does not exist here
                                last = "0"
                            if event.event in ENDS or event.event.partition(".")[0] in ("batch", "job", "step"):
                                last = event.id
                                yield json.loads(event.data)
                            if event.event in ENDS:
                                return
            except httpx.TransportError:
                pass  # cut, or nobody there: come back and go on after the last event
            time.sleep(wait * random.uniform(0.8, 1.2))


def main() -> None:
    """Print the events of the batch that the arguments name; the key comes on standard input."""
    service, batch_id = sys.argv[1:]
    event: dict[str, Any] = {}
    for event in follow(service, sys.stdin.readline().strip(), batch_id):
        words = (event["type"], event["sequence"] and f"#{event['sequence']}", event["stage"], event["message"])
        print(event["id"], *(word for word in words if word), flush=True)
    raise SystemExit(0 if event.get("type") == "batch.completed" else 1)


if __name__ == "__main__":
    main()
