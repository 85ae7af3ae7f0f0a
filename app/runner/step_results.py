"""What came of one attempt at one step, and how an exception is read."""

from __future__ import annotations

import asyncio
import json
import logging
import re
from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Any, Final

import httpx

from app.kit.availability import describe
from app.kit.errors import Problem, explain_error, is_database_down
from app.kit.outbound.client import retry_after
from app.kit.schemas import check_text
from app.kit.secrets.values import HIDDEN
from app.kit.unexpected import tell_unexpected
from app.pipelines.contract import RETRYABLE, Retry, Step, Stop

log = logging.getLogger("tranche.execute")
MAX_MESSAGE: Final = 500
MAX_OUTPUT_BYTES: Final = 16 * 1024 * 1024
"""Largest output of one step as JSON; whatever is larger belongs into a result file."""
_NUL: Final = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")


@dataclass(frozen=True, slots=True)
class Done:
    """The step ended well; `output` is its result as encoded JSON, or None."""

    value: Any
    output: str | None


@dataclass(frozen=True, slots=True)
class Skipped:
    """The step did not apply to this job."""


@dataclass(frozen=True, slots=True)
class Failed:
    """The attempt failed. `retry_after`: seconds that the other side asked for."""

    code: str
    message: str
    retryable: bool
    retry_after: float | None = None
    batch_given_up: bool = False


Result = Done | Skipped | Failed


class OutputNotStorable(ValueError):
    """A step returned something that is not JSON, or that jsonb cannot hold."""


def clean_message(message: object) -> str:
    """One line that can be stored: no U+0000, no lone surrogates, at most 500 characters."""
    text = str(message).replace("\x00", "").encode("utf-8", "replace").decode()
    return " ".join(text.split())[:MAX_MESSAGE]


def encode_output(value: Any) -> str | None:
    """A step's output as JSON; raises OutputNotStorable."""
    if value is None:
        return None
    try:
        encoded = json.dumps(value, ensure_ascii=False, allow_nan=False)
        check_text(encoded)
    except (TypeError, ValueError, RecursionError) as error:
        raise OutputNotStorable(f"the output is not storable as JSON: {error}") from None
    if _NUL.search(encoded):
        raise OutputNotStorable("the output contains the character U+0000")
    if len(encoded) > MAX_OUTPUT_BYTES:
        raise OutputNotStorable(f"the output is larger than {MAX_OUTPUT_BYTES:,} bytes; use ctx.save_file")
    return encoded


def without_texts(secrets: Collection[str], text: str) -> str:
    """The text without these secrets, wherever they stand in it."""
    for secret in sorted(secrets, key=len, reverse=True):  # one may be a part of another
        text = text.replace(secret, HIDDEN)
    return text


def without(secrets: Collection[str], result: Result) -> Result:
    """The result without these secrets: what a step returns or says is shown to whoever may see the batch."""
    if not secrets:
        return result
    match result:
        case Failed():
            return replace(result, message=without_texts(secrets, result.message))
        case Done(output=str() as output):
            encoded = [json.dumps(secret, ensure_ascii=False)[1:-1] for secret in secrets]
            cleaned = without_texts(encoded, output)
            return result if cleaned == output else Done(json.loads(cleaned), cleaned)
    return result


def read_return(step: Step, returned: Any) -> Result:
    """What a step function returned, as a result."""
    match returned:
        case Stop(code=code, message=message, batch=batch_given_up):
            return Failed(code, clean_message(message), retryable=False, batch_given_up=batch_given_up)
        case Retry(after=after, code=code, message=message):
            return Failed(code, clean_message(message), retryable=True, retry_after=after)
    try:
        return Done(returned, encode_output(returned))
    except OutputNotStorable as error:
        return Failed("OUTPUT_NOT_STORABLE", f"{step.name}: {error}", retryable=False)


def read_exception(step: Step, error: Exception) -> Failed:
    """An exception as a failure, by its class; an own `code` attribute in capitals wins.

    Of what nobody expected the log has the details: its text may hold anything.
    """
    code = getattr(error, "code", None)
    if isinstance(code, str) and re.fullmatch(r"[A-Z][A-Z0-9_]{1,59}", code):
        after = getattr(error, "retry_after", None)
        return Failed(code, clean_message(error_text(error)), code in RETRYABLE, after)
    match error:
        case asyncio.TimeoutError() | httpx.TimeoutException():
            return Failed("TIMEOUT", f"{step.name} took longer than {step.timeout:g} s.", retryable=True)
        case httpx.HTTPStatusError(response=response):
            return _read_status(response)
        case httpx.TransportError() | ConnectionError():
            log.info("%s lost a connection: %s", step.name, describe(error))  # it may say whose, and where to
            return Failed("NETWORK_ERROR", f"{step.name} lost its connection to another server.", retryable=True)
        case Problem(code=code, detail=detail):
            return Failed(code.upper(), clean_message(detail), code.upper() in RETRYABLE)
        case MemoryError():
            return Failed("RESOURCE_LIMIT", f"{step.name} needed too much memory.", retryable=False)
        case _ if is_database_down(error) and not isinstance(error, OSError):
            log.info("%s lost a connection to a database of its own: %s", step.name, describe(error))
            return Failed("NETWORK_ERROR", f"{step.name} lost its connection to a database.", retryable=True)
    return Failed("UNEXPECTED_ERROR", tell_unexpected(f"{step.name} failed", error, log), retryable=False)


def error_text(error: Exception) -> str:
    """What an exception says, or its class when it says nothing."""
    said = explain_error(error) if isinstance(error, ValueError) else error
    return str(getattr(error, "message", "") or said or type(error).__name__)


def _read_status(response: httpx.Response) -> Failed:
    status = response.status_code
    message = f"{response.request.url.host} answered {status}."
    if status == 429:
        return Failed(
            "RATE_LIMIT", message, retryable=True, retry_after=retry_after(response.headers.get("Retry-After", ""))
        )
    if status >= 500:
        return Failed(
            "UPSTREAM_5XX", message, retryable=True, retry_after=retry_after(response.headers.get("Retry-After", ""))
        )
    return Failed("UPSTREAM_4XX", message, retryable=False)
