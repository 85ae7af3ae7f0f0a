"""The client of an AI provider: one request for one PDF, and what can go wrong."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Awaitable, Callable, Mapping
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import httpx

from app.extractions.protocols import PROTOCOLS, Answer, ProviderName, Question
from app.kit.failures import Failure
from app.kit.outbound.client import UrlNotAllowed, retry_after
from app.kit.outbound.reading import AnswerNotReadable, exchange, read_json
from app.kit.shares import Weigh, alike
from app.kit.turns import NOBODY, Party, Turns, Waiting

MAX_REPLY_BYTES: Final = 4 * 1024 * 1024
AI_FILE_TOO_LARGE = "AI_FILE_TOO_LARGE"
AI_KEY_REFUSED = "AI_KEY_REFUSED"
AI_QUOTA_EXHAUSTED = "AI_QUOTA_EXHAUSTED"
AI_REFUSED = "AI_REFUSED"
AI_REPLY_NOT_VALID = "AI_REPLY_NOT_VALID"
_REFUSALS: Final[Mapping[int, tuple[str, str]]] = {
    401: (AI_KEY_REFUSED, "The AI provider does not take the key."),
    403: (AI_KEY_REFUSED, "The AI provider does not let this key do that."),
    404: (AI_REFUSED, "The AI provider does not know the address or the model."),
    413: (AI_FILE_TOO_LARGE, "The sheet is larger than the AI provider takes."),
}


class ProviderError(Failure):
    """The provider gave no usable answer. Its message never repeats what the provider sent.

    Worth another try: RATE_LIMIT, TIMEOUT, NETWORK_ERROR, UPSTREAM_5XX. Final: AI_KEY_REFUSED, AI_QUOTA_EXHAUSTED,
    AI_REFUSED, AI_FILE_TOO_LARGE, AI_REPLY_NOT_VALID.
    """


class Provider:
    """Asks one model. At most `parallel` PDFs are held in memory and on their way at a time, by turns between
    organisations.

    `base_url` may be the address alone: the API's version is added. `timeout` in seconds is for a whole request.
    `client` is for an address that an organisation chose. Without one the address is the operator's own, so it may be
    in an intranet or behind the machine's proxy.
    """

    def __init__(
        self,
        name: ProviderName,
        *,
        model: str,
        key: str = "",
        base_url: str | None = None,
        timeout: float = 180.0,
        max_file_bytes: int = 20 * 1024 * 1024,
        max_output_tokens: int = 16_000,
        parallel: int = 4,
        client: httpx.AsyncClient | None = None,
        weigh: Weigh = alike,
    ) -> None:
        self.name, self.model, self.timeout = name, model, timeout
        self._protocol, self._key, self._base_url = PROTOCOLS[name], key, base_url
        self._max_file_bytes, self._max_output_tokens = max_file_bytes, max_output_tokens
        self._turns = Turns(parallel, weigh=weigh)
        self._client = client

    @property
    def extractor(self) -> str:
        """What readings by this model are kept under."""
        return f"{self.name}/{self.model}"

    async def start(self) -> None:
        self._client = httpx.AsyncClient()

    async def stop(self) -> None:
        if self._client:
            await self._client.aclose()

    async def list_models(self) -> httpx.Response:
        """The answer to the cheapest request that needs the key."""
        assert self._client is not None, "the provider was not started"
        headers = {"Accept": "application/json", **self._protocol.headers(self._key)}
        url = self._url("models")
        return await exchange(self._client, "GET", url, most=MAX_REPLY_BYTES, headers=headers, follow_redirects=False)

    def _url(self, path: str | None = None) -> httpx.URL:
        url = httpx.URL((self._base_url or self._protocol.default_url).rstrip("/") + "/")
        if url.path == "/" or (self.name == "anthropic" and not url.path.endswith("/v1/")):
            url = url.join("v1/")
        return url.join(path or self._protocol.path)

    async def ask(
        self,
        question: Question,
        path: Path,
        report: Callable[[str], Awaitable[None]],
        owner: Party = NOBODY,
        waiting: Waiting = nullcontext,
    ) -> Answer:
        """The model's answer about the PDF at `path`, put into the question here. `report` gets what is going on.

        `owner` is in whose turn it is asked; `waiting` is entered while it waits for one.

        Raises ProviderError. An answer that was refused or cut off is one as well.
        """
        with waiting():
            turn = await self._turns.wait(owner)
        try:
            await report(f"uploading to {self.model}")
            body = await asyncio.to_thread(self._encode, question, path)
            reply = await self._send(body)
        finally:
            self._turns.give_back(turn)
        try:
            answer = self._protocol.read(reply)
        except (KeyError, TypeError, IndexError, AttributeError):
            raise ProviderError(
                AI_REPLY_NOT_VALID, "The AI provider's reply has not the shape it should have."
            ) from None
        if answer.refusal:
            raise ProviderError(AI_REFUSED, f"{self.model} refused to read this sheet.")
        if answer.cut_off:
            raise ProviderError(AI_REPLY_NOT_VALID, f"The answer of {self.model} was too long and was cut off.")
        return answer

    def _encode(self, question: Question, path: Path) -> bytes:
        size = path.stat().st_size
        if size > self._max_file_bytes:
            message = f"The sheet has {size:,} bytes; {self._max_file_bytes:,} may go to the AI provider."
            raise ProviderError(AI_FILE_TOO_LARGE, message)
        document = base64.b64encode(path.read_bytes()).decode("ascii")
        question = replace(question, document=document, max_output_tokens=self._max_output_tokens)
        return json.dumps(self._protocol.body(self.model, question)).encode()

    async def _send(self, body: bytes) -> Any:
        assert self._client is not None, "the provider was not started"
        own = self._protocol.headers(self._key)
        headers = {"Content-Type": "application/json", "Accept": "application/json", **own}
        limit = asyncio.timeout(self.timeout)
        try:
            async with limit:
                response = await exchange(
                    *(self._client, "POST", self._url()),
                    most=MAX_REPLY_BYTES,
                    content=body,
                    headers=headers,
                    timeout=httpx.Timeout(self.timeout, connect=15),
                    follow_redirects=False,
                )
        except (TimeoutError, httpx.TimeoutException):
            raise ProviderError("TIMEOUT", f"{self.model} took longer than {self.timeout:g} s.") from None
        except UrlNotAllowed as error:
            raise ProviderError(error.code, str(error)) from None
        except (httpx.HTTPError, httpx.InvalidURL):
            raise ProviderError("NETWORK_ERROR", "The connection to the AI provider failed.") from None
        except AnswerNotReadable as error:
            raise ProviderError(AI_REPLY_NOT_VALID, f"The AI provider's reply cannot be read: {error}") from None
        _check_status(response)
        try:
            return await read_json(response)
        except AnswerNotReadable:
            raise ProviderError(AI_REPLY_NOT_VALID, "The AI provider's reply is not JSON.") from None


def _check_status(response: httpx.Response) -> None:
    status = response.status_code
    if status == 200:
        return
    after = retry_after(response.headers.get("Retry-After", ""))
    if status == 429 and b"insufficient_quota" in response.content:  # OpenAI's word for an account without credit
        raise ProviderError(AI_QUOTA_EXHAUSTED, "The account at the AI provider has no credit left.")
    if status == 429:
        raise ProviderError("RATE_LIMIT", "The AI provider asks to go slower.", after)
    if status == 408:
        raise ProviderError("TIMEOUT", "The AI provider took too long.", after)
    if status >= 500:
        raise ProviderError("UPSTREAM_5XX", f"The AI provider answered with status {status}.", after)
    code, message = _REFUSALS.get(status, (AI_REFUSED, f"The AI provider refused the request with status {status}."))
    raise ProviderError(code, message)
