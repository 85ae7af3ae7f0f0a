"""A small client of the HTTP API, for `tranche submit`, `tranche watch` and `tranche demo`."""

from __future__ import annotations

import json
import mimetypes
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Final

import httpx
from httpx_sse import ServerSentEvent, connect_sse
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from app.auth.settings import AuthSettings
from app.commands import ServiceRefused
from app.settings import Settings

TERMINAL: Final = frozenset({"batch.completed", "batch.partial", "batch.failed", "batch.cancelled"})
RECONNECT_SECONDS: Final = 1.0
console = Console()


def address_of(settings: Settings) -> str:
    """Where people reach the service that has these settings, without a slash at the end."""
    return (settings.public_url or local_address(settings)).rstrip("/")


def local_address(settings: Settings) -> str:
    """Where the service is reached on this machine, when it listens on a port."""
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    host = {"0.0.0.0": "127.0.0.1", "[::]": "[::1]"}.get(host, host)  # noqa: S104 - what is asked for, not bound
    return f"http://{host}:{settings.port}"


def open_client(settings: Settings, server: str | None, key: str | None) -> httpx.Client:
    """A client for `server`, with the given key, the configured one, or the one in admin.key."""
    path = settings.host.removeprefix("unix:") if settings.host.startswith("unix:") and not server else None
    address = "http://localhost" if path else server or address_of(settings)
    admin_key = settings.of(AuthSettings).admin_key
    if key is None and admin_key:
        key = admin_key.get_secret_value()
    file = settings.home / "admin.key"
    if key is None and file.exists():
        key = file.read_text().strip()
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    transport, timeout = httpx.HTTPTransport(uds=path) if path else None, httpx.Timeout(30, read=300)
    return httpx.Client(base_url=address, headers=headers, timeout=timeout, transport=transport, trust_env=False)


@contextmanager
def reaching(client: httpx.Client) -> Iterator[None]:
    """Says in one line that the service does not answer."""
    try:
        yield
    except httpx.TransportError as error:
        raise _no_answer(client, error) from None


def _no_answer(client: httpx.Client, error: httpx.TransportError) -> ServiceRefused:
    why = str(error) or type(error).__name__
    return ServiceRefused(f"The service does not answer at {client.base_url} ({why}). Start it with `tranche serve`.")


def check(response: httpx.Response) -> Any:
    """The reply's JSON; raises ServiceRefused with what the problem document says."""
    if response.is_success:
        return response.json()
    try:
        problem = response.json()
        raise ServiceRefused(f"{problem['title']} ({problem['code']}): {problem['detail']}")
    except (ValueError, KeyError):
        raise ServiceRefused(f"{response.status_code} {response.reason_phrase}") from None


def put_json(client: httpx.Client, path: str, body: Any) -> Any:
    """Replace what is at `path`; returns the reply."""
    with reaching(client):
        return check(client.put(path, json=body))


def submit_files(client: httpx.Client, files: Sequence[Path], urls: Sequence[str], fields: dict[str, str]) -> Any:
    """Submit files and URLs as one batch, streamed from disk."""
    with reaching(client), ExitStack() as stack:
        parts = []
        for path in files:
            kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
            parts.append(("files", (path.name, stack.enter_context(path.open("rb")), kind)))
        data: dict[str, Any] = {**fields, "urls": list(urls)}
        return check(client.post("/api/jobs/batch", data=data, files=parts or {"files": ("", b"")}))


def events(client: httpx.Client, batch_id: str) -> Iterator[dict[str, Any]]:
    """Every event of a batch, each once, whatever happens to the connection; ends with the batch.

    A service that has not answered once is not waited for.
    """
    last, answered = "0", False
    while True:
        try:
            headers = {"Last-Event-ID": last}
            path = f"/api/batches/{batch_id}/events"
            with connect_sse(client, "GET", path, headers=headers, timeout=httpx.Timeout(30, read=45)) as source:
                answered = True
                if source.response.status_code == 204:
                    return
                if source.response.status_code in (502, 503, 504):
                    raise httpx.TransportError("the service is not ready")
                if not source.response.is_success:
                    source.response.read()
                    check(source.response)
                for event in source.iter_sse():
                    last = _last_id(event, last)
                    # httpx-sse also hands out the opening `retry:`, which the standard says is no event.
                    if not event.data or event.event in ("reset", "bye"):
                        continue
                    yield json.loads(event.data)
                    if event.event in TERMINAL:
                        return
        except httpx.TransportError as error:
            if not answered:
                raise _no_answer(client, error) from None
            time.sleep(RECONNECT_SECONDS)


def _last_id(event: ServerSentEvent, last: str) -> str:
    return "0" if event.event == "reset" else event.id or last


def watch(client: httpx.Client, batch_id: str) -> str:
    """Draw the batch's progress until it ends; returns its last status."""
    columns = (TextColumn("{task.description:<12}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    status = "pending"
    with Progress(*columns, TextColumn("[dim]{task.fields[note]}"), console=console) as progress:
        task = progress.add_task("pending", total=None, note="")
        for event in events(client, batch_id):
            counters = event["counters"]
            done = sum(counters[name] for name in ("completed", "failed", "cancelled", "skipped"))
            if event["type"].startswith("batch."):
                status = event["status"] or status
            note = " ".join(str(event[name]) for name in ("stage", "message") if event.get(name))
            progress.update(task, total=counters["total"], completed=done, description=status, note=escape(note[:70]))
            if event["type"] == "job.failed":
                said = f"[red]#{event['sequence']} {event['error_code']}[/] {escape(str(event['message']))}"
                progress.console.print(said, highlight=False, soft_wrap=True)
    return status


def show_results(client: httpx.Client, batch_id: str) -> None:
    """One line for each job."""
    with reaching(client):
        batch = check(client.get(f"/api/batches/{batch_id}"))["batch"]
    for job in batch["jobs"]:
        colour = {"completed": "green", "failed": "red"}.get(job["status"], "yellow")
        said = job["error_message"] if job["status"] == "failed" else job["progress_message"] or ""
        name = job["filename"] or job["source_url"] or "record"
        line = f"[{colour}]{job['status']:<10}[/] {escape(name)}  [dim]{escape(said or '')}[/]"
        console.print(line.rstrip(), highlight=False, soft_wrap=True)
    if batch["jobs_next_cursor"]:
        console.print(f"[dim]... and {batch['counters']['total'] - len(batch['jobs'])} more[/]")


def save_zip(client: httpx.Client, batch_id: str, target: Path) -> None:
    """Download the batch's results."""
    with reaching(client), client.stream("GET", f"/api/batches/{batch_id}/download") as response:
        if not response.is_success:
            response.read()
            check(response)
        with target.open("wb") as file:
            for chunk in response.iter_bytes():
                file.write(chunk)
