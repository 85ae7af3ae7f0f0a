"""The ordering platform: how its API is described, and the one client that speaks to it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import httpx
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from app.kit.errors import explain_error
from app.kit.failures import Failure
from app.kit.outbound.addresses import parse_url
from app.kit.outbound.client import outbound_client, retry_after
from app.kit.outbound.reading import AnswerNotJson, AnswerTooLong, exchange, read_json
from app.kit.schemas import check_json, check_text
from app.kit.service import CannotStart

DEFAULT_DESCRIPTION: Final = Path(__file__).with_name("ordering_platform.json")
MAX_ANSWER_BYTES: Final = 1024 * 1024
REQUEST_SECONDS: Final = 30.0
STEP_SECONDS: Final = 120.0


class PlatformNotReadable(CannotStart):
    """The operator's description of the platform is not one."""


class PlatformError(Failure):
    """A call failed."""


def _check_path(path: str) -> str:
    if any(part in (".", "..") for part in path.partition("?")[0].split("/")):
        raise ValueError("must not contain the segments . or ..")
    return check_text(path)


def _check_base_url(url: str) -> str:
    try:
        parsed = parse_url(check_text(url))
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise ValueError(str(error)) from None
    if parsed.query or parsed.fragment:
        raise ValueError("must have neither a query nor a fragment")
    return url.rstrip("/")


PathTemplate = Annotated[
    str, StringConstraints(max_length=1000, pattern=r"^/([^/\s\\#][^\s\\#]*)?$"), AfterValidator(_check_path)
]
BaseUrl = Annotated[
    str, StringConstraints(max_length=500, pattern=r"^https?://[^\s/?#@]+[^\s]*$"), AfterValidator(_check_base_url)
]
JsonTemplate = Annotated[Any, AfterValidator(check_json)]


class _Described(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class CallDescription(_Described):
    """The request that has the effect. `body` is sent as JSON; `send` is a file of the restaurant, sent as CSV."""

    method: Literal["POST", "PUT", "PATCH", "DELETE"] = "POST"
    path: PathTemplate
    body: JsonTemplate = None
    send: Literal["menu", "option_sets"] | None = None
    already: list[int] = Field(
        default_factory=list, max_length=10, description="Refusals by status that mean: it is there already."
    )


class CheckDescription(_Described):
    """Reading back. `expect` maps a place in the answer to the value it must have; `keep` names what to remember."""

    path: PathTemplate
    expect: dict[str, JsonTemplate] = Field(min_length=1)
    keep: dict[str, str] = Field(default_factory=dict)


class StepDescription(_Described):
    """What one step asks of the platform, and how it sees that it was done."""

    says: str = Field("", max_length=200, description="What people read while the step runs.")
    call: CallDescription
    check: CheckDescription


class PlatformDescription(_Described):
    """What a platform's API is asked for in each step."""

    steps: dict[str, StepDescription]


class PlatformAuth(BaseModel):
    """The header that proves who we are."""

    model_config = ConfigDict(extra="forbid")

    header: str = Field("Authorization", pattern=r"^[A-Za-z0-9-]{1,60}$")
    token: str = Field(
        max_length=4000, pattern=r"^[\x21-\x7e]( ?[\x21-\x7e])*$", description="The header's value, as in 'Bearer ...'."
    )


def read_description(path: Path | None) -> PlatformDescription:
    """The description in a JSON file; without one, of the platform in examples/ordering_platform."""
    try:
        return PlatformDescription.model_validate_json((path or DEFAULT_DESCRIPTION).read_bytes())
    except OSError as error:
        raise PlatformNotReadable(f"{path} cannot be read: {error.strerror}") from None
    except ValueError as error:
        raise PlatformNotReadable(f"{path} does not describe a platform: {explain_error(error)}") from None


@dataclass(frozen=True, slots=True)
class Answer:
    """What the platform said: its status, and its body as JSON (None when it is none)."""

    status: int
    body: Any


@dataclass(frozen=True, slots=True)
class Access:
    """A platform that can be called: where, with which headers, through which client, described how."""

    base_url: str
    headers: Mapping[str, str]
    client: httpx.AsyncClient
    description: PlatformDescription
    timeout: float = REQUEST_SECONDS

    async def ask(
        self, method: str, path: str, *, key: str | None = None, body: Any = None, content: bytes | None = None
    ) -> Answer:
        """Send one request; raises PlatformError when no answer comes, or one that asks to come back.

        `key` is the Idempotency-Key. `body` is sent as JSON, `content` as CSV. Redirects are not followed: they would
        carry the credential elsewhere.
        """
        headers = {**self.headers, "Accept": "application/json"}
        if key:
            headers["Idempotency-Key"] = key
        if content is not None:
            headers["Content-Type"] = "text/csv; charset=utf-8"
        elif body is not None:
            content = json.dumps(body, ensure_ascii=False).encode()
            headers["Content-Type"] = "application/json"
        url = parse_url(self.base_url + path)
        options = {"content": content, "timeout": self.timeout, "follow_redirects": False}
        try:
            response = await exchange(self.client, method, url, most=MAX_ANSWER_BYTES, headers=headers, **options)
        except httpx.TimeoutException:
            raise PlatformError("TIMEOUT", f"The platform did not answer {method} {path} in time.") from None
        except AnswerTooLong:
            message = f"The platform answered more than {MAX_ANSWER_BYTES:,} bytes."
            raise PlatformError("UPSTREAM_TOO_LARGE", message) from None
        try:
            answer = Answer(response.status_code, await read_json(response))
        except AnswerNotJson:
            answer = Answer(response.status_code, None)
        if answer.status in (408, 429) or answer.status >= 500:
            code = {408: "TIMEOUT", 429: "RATE_LIMIT"}.get(answer.status, "UPSTREAM_5XX")
            raise PlatformError(
                code, explain(method, path, answer), retry_after(response.headers.get("Retry-After", ""))
            )
        return answer


def explain(method: str, path: str, answer: Answer) -> str:
    """One sentence on a refusal, with what the platform says about it."""
    said = answer.body
    for name in ("detail", "message", "error"):
        if isinstance(said, dict) and name in said:
            said = said[name]
    reason = f": {said[:200]}" if isinstance(said, str) and said else "."
    return f"The platform answered {answer.status} to {method} {path}{reason}"


class OrderingPlatform:
    """How the platform is described, and the way to the one that the operator of the service has set up.

    The operator's address may lie in a private network, and its token is sent nowhere else: it has a client of its own,
    which reaches this host only besides public ones.
    """

    def __init__(self, url: str | None, description: PlatformDescription) -> None:
        self._host = httpx.URL(url).host if url else None
        self.description = description
        self._client: httpx.AsyncClient | None = None

    async def start(self) -> None:
        if self._host:
            self._client = outbound_client(allow=[self._host])

    async def stop(self) -> None:
        if self._client:
            await self._client.aclose()
            self._client = None

    def access(self, url: str, headers: Mapping[str, str], http: httpx.AsyncClient | None) -> Access | None:
        """The way to a platform: through `http`, or through the client for the operator's own."""
        client = http or self._client
        return Access(url, headers, client, self.description) if client else None
