"""A program on a client that openapi-python-client made: it submits files, follows them, and meets three problems.

    python follow_batch.py URL KEY

prints what it saw as JSON.
"""

from __future__ import annotations

import io
import json
import sys
from uuid import UUID

from tranche_client import AuthenticatedClient
from tranche_client.api.batches import create_batch, create_batch_from_form, get_batch
from tranche_client.api.commands import pause_batch
from tranche_client.api.events import follow_events
from tranche_client.models import BatchCreate, BatchCreated, BatchReply, Problem, SubmitForm
from tranche_client.types import File


def problem_of(answer: object) -> tuple[int, str]:
    """Status and code of what must be a problem."""
    assert isinstance(answer, Problem), answer
    return answer.status, answer.code


def main(url: str, key: str) -> None:
    client = AuthenticatedClient(base_url=url, token=key)
    files = [File(payload=io.BytesIO(text), file_name=name) for name, text in (("a.txt", b"one"), ("b.txt", b"two"))]
    created = create_batch_from_form.sync(client=client, body=SubmitForm(pipeline="checksum", files=files))
    assert isinstance(created, BatchCreated), created
    stream = client.with_headers({"Accept": "text/event-stream"})
    events = follow_events.sync(created.batch_id, client=stream)
    assert isinstance(events, str), events
    found = get_batch.sync(created.batch_id, client=client)
    assert isinstance(found, BatchReply), found
    stranger = AuthenticatedClient(base_url=url, token="unknown")
    seen = {
        "status": found.batch.status,
        "files": [job.filename for job in found.batch.jobs],
        "events": [line.removeprefix("event: ") for line in events.splitlines() if line.startswith("event: ")],
        "problems": [
            problem_of(get_batch.sync(UUID(int=0), client=client)),
            problem_of(pause_batch.sync(created.batch_id, client=client)),
            problem_of(create_batch.sync(client=client, body=BatchCreate(pipeline="none"))),
            problem_of(get_batch.sync(created.batch_id, client=stranger)),
        ],
    }
    print(json.dumps(seen))


if __name__ == "__main__":
    main(*sys.argv[1:])
