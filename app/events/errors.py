"""What is wrong with a request: the problems that this room answers with."""

from __future__ import annotations

from app.kit.errors import BadRequest, Problem, Unavailable


class TooManyStreams(Problem):
    status, code, title = 429, "too_many_streams", "Too many streams"


class NoStreamsLeft(Unavailable):
    code, title = "no_streams_left", "Too many streams"


class OnlyAStream(Problem):
    status, code, title = 406, "only_a_stream", "Not acceptable"


class EventIdNotReadable(BadRequest):
    code = "invalid_last_event_id"


class TicketNotValid(Problem):
    status, code, title = 401, "invalid_ticket", "Ticket not valid"
