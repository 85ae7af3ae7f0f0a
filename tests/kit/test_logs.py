"""Log lines: one for each event whatever is in it, with the request it belongs to, and without secrets."""

from __future__ import annotations

import io
import json
import logging
import re
import warnings
from collections.abc import Iterator
from typing import Any

import pytest
import structlog
from structlog.contextvars import bound_contextvars

from app.kit.logs import FIELDS, QUIET, LogFormat, configure_logging
from app.kit.web.request_context import RequestContext, enter_request, leave_request

SECRET = "correct-horse-battery"
FORGED = "2026-11-28 10:00:00 ERROR   tranche: forged"


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def logging_as_before() -> Iterator[None]:
    """Leaves this process's logging as it was."""
    root = logging.getLogger()
    handlers, levels = root.handlers[:], {name: logging.getLogger(name).level for name in (None, "tranche", *QUIET)}
    yield
    root.handlers[:] = handlers
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)
    logging.captureWarnings(False)
    structlog.reset_defaults()


@pytest.fixture
def lines(logging_as_before: None) -> io.StringIO:
    stream = io.StringIO()
    configure_logging("info", "json", secrets=[SECRET], stream=stream)
    return stream


def read(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_line_is_one_json_object(lines: io.StringIO) -> None:
    logging.getLogger("tranche.runner").warning("%s is late", "the job", extra={FIELDS: {"seconds": 3}})
    (line,) = read(lines)
    assert list(line)[:4] == ["timestamp", "level", "logger", "event"]
    assert (line["level"], line["logger"], line["event"]) == ("warning", "tranche.runner", "the job is late")
    assert line["seconds"] == 3
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:.]+Z", line["timestamp"])


def test_libraries_and_structlog_write_the_same_lines(lines: io.StringIO) -> None:
    logging.getLogger("pgqueuer").warning("a library says")
    structlog.get_logger("tranche.other").info("so do we", batch="x")
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.warn("careful", UserWarning, stacklevel=1)
    assert [line["logger"] for line in read(lines)] == ["pgqueuer", "tranche.other", "py.warnings"]
    assert read(lines)[1]["batch"] == "x"


def test_a_line_names_its_request_and_its_job(lines: io.StringIO) -> None:
    context = RequestContext("request-1", {"type": "http", "path_params": {"batch_id": "batch-1", "code": "ABCD"}})
    token = enter_request(context)
    with bound_contextvars(job_id="job-1"):
        logging.getLogger("tranche").info("inside")
    leave_request(token)
    logging.getLogger("tranche").info("outside")
    inside, outside = read(lines)
    assert (inside["request_id"], inside["batch_id"], inside["job_id"]) == ("request-1", "batch-1", "job-1")
    assert not {"request_id", "job_id", "code"} & outside.keys()


@pytest.mark.parametrize("wanted", ["json", "console"])
@pytest.mark.parametrize("text", [f"a\n{FORGED}", f"a\r{FORGED}", f"a\u2028{FORGED}", "a\x1b[2K\x1b[1A", "\ud800"])
def test_no_value_begins_a_line_of_its_own(logging_as_before: None, wanted: LogFormat, text: str) -> None:
    stream = io.StringIO()
    configure_logging("info", wanted, stream=stream)
    logging.getLogger("tranche").info("%s", text, extra={FIELDS: {"name": text}})
    try:
        raise ValueError(text)
    except ValueError:
        logging.getLogger("tranche").exception("failed: %s", text)
    written = stream.getvalue()
    assert not [line for line in re.split(r"[\n\r\u2028]", written) if line.startswith(FORGED)]
    assert "\x1b" not in written
    if wanted == "json":
        assert [line["level"] for line in read(stream)] == ["info", "error"]
    else:
        beginnings = [line for line in written.split("\n") if line and not line.startswith("    ")]
        assert len(beginnings) == 2


def test_no_secret_of_the_settings_is_written(lines: io.StringIO) -> None:
    log = logging.getLogger("tranche")
    log.info("connecting to postgresql://tranche:%s@db/tranche", SECRET, extra={FIELDS: {"deep": [{"dsn": SECRET}]}})
    try:
        raise OSError(f"{SECRET} was refused")
    except OSError:
        log.exception("failed")
    assert SECRET not in lines.getvalue()
    assert "was refused" in lines.getvalue()


@pytest.mark.parametrize(
    "text",
    [
        "GET https://{}@example.org/",
        "GET https://example.org/?a=1&access_token={}&b=2",
        "Authorization: Bearer {}",
        "key trn_{}",
    ],
)
def test_what_looks_like_a_secret_is_not_written(lines: io.StringIO, text: str) -> None:
    logging.getLogger("tranche").info(text.format("Zm9vYmFyYmF6cXV4"))
    assert "Zm9vYmFyYmF6cXV4" not in lines.getvalue()
    assert "***" in lines.getvalue()


def test_libraries_never_write_what_they_work_with(logging_as_before: None) -> None:
    stream = io.StringIO()
    configure_logging("debug", "json", stream=stream)
    logging.getLogger("tranche.x").debug("ours")
    for name in ("sqlalchemy.engine.Engine", "httpx", "some_library"):
        logging.getLogger(name).debug("theirs")
    logging.getLogger("sqlalchemy.engine.Engine").info("select 'a secret'")
    assert [line["event"] for line in read(stream)] == ["ours"]


def test_people_get_colours_on_a_terminal_only(logging_as_before: None) -> None:
    terminal, file = Terminal(), io.StringIO()
    for stream in (terminal, file):
        configure_logging("info", "console", stream=stream)
        logging.getLogger("tranche.runner").info("hello", extra={FIELDS: {"n": 1}})
    assert "\x1b[" in terminal.getvalue()
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d INFO    tranche\.runner: hello n=1\n", file.getvalue())


@pytest.mark.parametrize(("stream", "first"), [(Terminal(), "\x1b"), (io.StringIO(), "{")])
def test_the_format_follows_where_lines_go(logging_as_before: None, stream: io.StringIO, first: str) -> None:
    configure_logging("info", stream=stream)
    logging.getLogger("tranche").info("hello")
    assert stream.getvalue()[0] == first
