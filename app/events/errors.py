"""What is wrong with a request: the problems that this room answers with."""

from __future__ import annotations

from app.kit.errors import BadRequest, Problem, Unavailable


class TooManyStreams(Problem):
    """This key or session holds as many streams as it may. Close one."""

    status, code, title, sends = 429, "too_many_streams", "Too many streams", ("Retry-After",)


class NoStreamsLeft(Unavailable):
    """This process serves as many streams as it may. Try again, or ask for pages of events."""

    code, title = "no_streams_left", "Too many streams"


class OnlyAStream(Problem):
    """This path is a stream, and the request does not accept `text/event-stream`."""

    status, code, title = 406, "only_a_stream", "Not acceptable"


class EventIdNotReadable(BadRequest):
    """`Last-Event-ID` is not the id of an event."""

    code = "invalid_last_event_id"


class TicketNotValid(Problem):
    """The ticket is unknown, too old, or of another batch. Ask for a new one."""

    status, code, title, sends = 401, "invalid_ticket", "Ticket not valid", ("WWW-Authenticate",)
