"""`tranche demo`: the sample sheets, from submit to result."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from app.commands import ServiceRefused, client
from app.commands.client import console
from app.settings import Settings

SAMPLES = Path(__file__).parent.parent / "extractions" / "samples"
SWIMMER = "Maya Lindqvist"
START_SECONDS = 30.0


def _answers(api: httpx.Client) -> bool:
    try:
        return api.get("/readyz").is_success
    except httpx.TransportError:
        return False


@contextmanager
def _service(settings: Settings) -> Iterator[httpx.Client]:
    """A client of the running service, or of one that is started for as long as the block lasts."""
    with client.open_client(settings, None, None) as api:
        if _answers(api):
            yield api
            return
    console.print("[dim]No service is running: starting one.[/]")
    process = subprocess.Popen([sys.executable, "-m", "app", "serve"], stdout=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + START_SECONDS
        while process.poll() is None and time.monotonic() < deadline:
            with client.open_client(settings, None, None) as api:
                if not _answers(api):
                    time.sleep(0.1)
                    continue
            with client.open_client(settings, None, None) as api:  # anew: the key is made by the first start
                yield api
                return
        if process.poll() is None:
            raise ServiceRefused(f"The service did not start within {START_SECONDS:g} seconds.")
        raise SystemExit(1)  # it has said why
    finally:
        process.terminate()
        process.wait(15)


def run(settings: Settings) -> None:
    """Submit every sample, watch, and show what was found."""
    samples = sorted(SAMPLES.glob("*.pdf"))
    with _service(settings) as api:
        fields = {"pipeline": "pdf-extraction", "swimmer_name": SWIMMER, "name": "Demo: sample sheets"}
        created = client.submit_files(api, samples, [], fields)
        client.watch(api, created["batch_id"])
        client.show_results(api, created["batch_id"])
        console.print(
            f"In the console: {str(api.base_url).rstrip('/')}/#/batches/{created['batch_id']}", soft_wrap=True
        )
