"""The stream of an organisation's batches, for lists, and the tickets for streams of one batch."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

from fastapi import APIRouter, Request, Response

from app.auth.dependencies import ReaderDep
from app.batches.dependencies import BatchDep
from app.events.dependencies import HubDep
from app.events.errors import OnlyAStream
from app.events.feeds import Audience
from app.events.openapi_docs import list_stream_content, list_stream_description
from app.events.schemas import TRANSIENT_OF_LIST, TicketRead
from app.events.stream import EventStream
from app.events.tickets import next_end, seal
from app.events.topic import Topic
from app.idempotency.dependencies import OnceDep
from app.kit.declarations import raises, shows
from app.kit.dependencies import SessionDep, SigningKeyDep
from app.kit.web.public_address import public_path

router = APIRouter(prefix="/api", tags=["events"])
_ANSWERS: Final[dict[int | str, dict[str, Any]]] = {
    200: {"content": list_stream_content(), "description": "The stream."},
}


@router.get("/events", response_class=Response, responses=_ANSWERS, description=list_stream_description())
@router.head("/events", include_in_schema=False)
@raises(OnlyAStream, EventStream)
@shows(*TRANSIENT_OF_LIST)
async def follow_batches(request: Request, caller: ReaderDep, hub: HubDep) -> Response:
    """What happens to the organisation's batches from now on, as snapshots of those that changed."""
    accepted = request.headers.get("accept", "*/*")
    if not any(kind in accepted for kind in ("text/event-stream", "text/*", "*/*")):
        raise OnlyAStream("This is a stream: ask for text/event-stream. For the list as JSON see /api/batches.")

    async def follow() -> tuple[Topic, int]:
        feed = await hub.feeds.follow(Audience(caller.organisation_id, caller.pipelines))
        return feed, feed.last

    return EventStream(hub, caller, follow)


@router.post("/batches/{batch_id}/stream-tickets", status_code=201)
async def create_stream_ticket(
    caller: ReaderDep, row: BatchDep, session: SessionDep, signing_key: SigningKeyDep, once: OnceDep, response: Response
) -> TicketRead:
    """A ticket that opens the batch's stream once or more within 60 seconds, for an EventSource on another origin."""
    assert caller.credential_id

    async def make() -> dict[str, int]:
        return {"expires_at": await next_end(session)}  # a ticket is stored nowhere

    expires_at = (await once.run(session, caller.credential_id, make))["expires_at"]
    ticket = seal(signing_key.current, row.batch.id, caller.credential_id, expires_at)
    response.headers["Cache-Control"] = "no-store"
    url = public_path(f"/api/batches/{row.batch.id}/events?ticket={ticket}")
    return TicketRead(ticket=ticket, expires_at=datetime.fromtimestamp(expires_at, UTC), url=url)
