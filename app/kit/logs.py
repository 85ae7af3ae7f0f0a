"""Log lines: one JSON object each, or one line for people, from our own loggers and from those of libraries.

Every line that is written while a request is answered or a job runs names it. No value can begin a line of its own or
move the cursor: control characters are escaped in both formats.
"""

from __future__ import annotations

import json
import logging
import re
import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final, Literal, TextIO

from app.kit.log_repeats import Repeats
from app.kit.plain_structlog import structlog
from app.kit.secrets.in_logs import known_secrets
from app.kit.web.request_context import current_request

if TYPE_CHECKING:
    from structlog.typing import EventDict, Processor

LogFormat = Literal["json", "console"]
FIELDS: Final = "fields"
"""The name under which `extra` of a logger's method has a mapping of further members for the line."""
QUIET: Final = (
    *("aiosmtplib", "alembic", "httpcore", "httpx", "PIL", "pgqueuer", "python_multipart", "sqlalchemy", "uvicorn"),
    *("opentelemetry", "urllib3", "app.kit.pool_figures"),
)
"""Libraries of which only warnings are logged. SQLAlchemy would write every statement with its values."""
_OWN: Final = ("timestamp", "level", "logger")
_IN_TEXT: Final = ("method", "route", "status")
"""Members for programs that the text of their line says as well."""
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
_CONTROL_BUT_NEWLINE: Final = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
_COLOURS: Final = {"debug": "\x1b[2m", "info": "\x1b[32m", "warning": "\x1b[33m", "error": "\x1b[31m"}
_RESET: Final = "\x1b[0m"


def configure_logging(
    level: str, wanted: LogFormat | None = None, *, secrets: Iterable[str] = (), stream: TextIO | None = None
) -> None:
    """Write log lines of this process to standard error. `wanted` unset: for people on a terminal, else JSON.

    `level` is the least severe one that is written, of libraries never below "info". `secrets` are in no line.
    """
    stream = stream or sys.stderr
    known_secrets.add(secrets)
    on_terminal = stream.isatty()
    as_json = wanted == "json" or (wanted is None and not on_terminal)
    before: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        add_request,
        add_fields,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
    ]
    structlog.configure(
        processors=[*before, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    stamp = structlog.processors.TimeStamper(fmt="iso", utc=True) if as_json else _short_time
    render: list[Processor] = [render_json] if as_json else [_escape, _console(colours=on_terminal)]
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=before,
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            stamp,
            structlog.processors.format_exc_info,
            hide_secrets,
            *render,
        ],
    )
    handler = logging.StreamHandler(stream)
    handler.setFormatter(formatter)
    handler.addFilter(Repeats())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    wanted_level = logging.getLevelNamesMapping()[level.upper()]
    root.setLevel(max(wanted_level, logging.INFO))
    logging.getLogger("tranche").setLevel(wanted_level)
    for name in QUIET:
        logging.getLogger(name).setLevel(max(wanted_level, logging.WARNING))
    logging.captureWarnings(True)


def add_request(logger: object, method: str, event: EventDict) -> EventDict:
    """Names the request during which the line is written, who sent it, and the batch and job in its path."""
    if request := current_request():
        for name, value in request.log_fields().items():
            event.setdefault(name, value)
    return event


def add_fields(logger: object, method: str, event: EventDict) -> EventDict:
    """Adds what a call of a standard logger has in its `extra`."""
    event.update(getattr(event.get("_record"), FIELDS, {}))
    return event


def hide_secrets(logger: object, method: str, event: EventDict) -> EventDict:
    """Replaces secrets in every text of a line."""
    return {name: value if name in _OWN else _hidden(value) for name, value in event.items()}


def _hidden(value: Any) -> Any:
    if isinstance(value, str):
        return known_secrets.hide(value)
    if isinstance(value, dict):
        return {str(name): _hidden(item) for name, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_hidden(item) for item in value]
    return value if isinstance(value, int | float | None) else known_secrets.hide(str(value))


def render_json(logger: object, method: str, event: EventDict) -> str:
    """One line of JSON, in which time, level, logger and event come first."""
    first = {name: event.pop(name) for name in (*_OWN, "event") if name in event}
    return json.dumps({**first, **event}, default=str)  # in ASCII: also what is no valid Unicode is escaped


def _short_time(logger: object, method: str, event: EventDict) -> EventDict:
    event["timestamp"] = structlog.processors.TimeStamper(fmt="%Y-%m-%d %H:%M:%S", utc=False)(None, "", {})["timestamp"]
    return event


def _escape(logger: object, method: str, event: EventDict) -> EventDict:
    """Escapes control characters; the lines of a traceback are indented, so that none looks like a line of the log."""
    shown = {name: value for name, value in event.items() if value is not None and name not in _IN_TEXT}
    escaped = {name: _CONTROL.sub(_as_escape, str(value)) for name, value in shown.items()}
    for name in ("exception", "stack"):
        if name in event:
            lines = _CONTROL_BUT_NEWLINE.sub(_as_escape, str(event[name])).split("\n")
            escaped[name] = "\n".join(f"    {line}" for line in lines)
    return escaped


def _as_escape(found: re.Match[str]) -> str:
    return found[0].encode("unicode_escape").decode("ascii")


def _console(*, colours: bool) -> structlog.dev.ConsoleRenderer:
    """`2026-11-28 10:42:17 INFO    tranche.runner: text  batch_id=...`"""

    def dim(text: str) -> str:
        return f"\x1b[2m{text}{_RESET}" if colours and text else text

    def level(key: str, value: object) -> str:
        word = f"{str(value).upper():<7}"
        return f"{_COLOURS.get(str(value), _COLOURS['error'])}{word}{_RESET}" if colours else word

    def pair(key: str, value: object) -> str:
        text = str(value)
        return dim(f"{key}={text!r}" if " " in text or not text else f"{key}={text}")

    columns = [
        structlog.dev.Column("timestamp", lambda key, value: dim(str(value))),
        structlog.dev.Column("level", level),
        structlog.dev.Column("logger", lambda key, value: f"{value}:"),
        structlog.dev.Column("event", lambda key, value: str(value)),
        structlog.dev.Column("", pair),
    ]
    return structlog.dev.ConsoleRenderer(
        columns=columns, sort_keys=False, exception_formatter=structlog.dev.plain_traceback
    )
