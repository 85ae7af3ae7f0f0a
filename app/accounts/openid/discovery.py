"""What the provider says of itself and which keys it signs with, fetched when needed and kept for a while."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

import httpx

from app.accounts.openid.refusals import ProviderAway
from app.kit.outbound.reading import AnswerNotReadable, exchange, read_json

if TYPE_CHECKING:
    from joserfc.jwk import KeySet

SECONDS: Final = 10.0
"""For one request to the provider, all of it."""
MOST_BYTES: Final = 256 * 1024
LIFE: Final = 3600.0
"""How long the document and the keys are kept. A key that nobody knows is asked for at once."""
AGAIN: Final = 10.0
"""Seconds until a provider that failed, or that did not know a key, is asked again."""
ALGORITHMS: Final = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512")
"""By key pairs alone. HS256 would make a signature of what is public, and `none` is none at all (RFC 8725, 3.1)."""
_ENDPOINTS: Final = ("authorization_endpoint", "token_endpoint", "jwks_uri")
_FURTHER: Final = ("userinfo_endpoint", "end_session_endpoint")


@dataclass(frozen=True, slots=True)
class Metadata:
    """What of the provider's document is used (OpenID Connect Discovery 1.0, 3)."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str | None
    end_session_endpoint: str | None
    algorithms: tuple[str, ...]
    token_endpoint_auth_methods: tuple[str, ...]
    names_issuer: bool
    """Whether it says with each code who it is (RFC 9207)."""


def read_metadata(issuer: str, document: Any) -> Metadata:
    """The document of this issuer; raises ProviderAway when it is another's or cannot be used."""
    if not isinstance(document, Mapping):
        raise ProviderAway("its configuration is not a JSON object")
    named = document.get("issuer")
    if named != issuer:
        raise ProviderAway(f"it calls itself {str(named)[:200]!r}: TRANCHE_OIDC_ISSUER must be exactly that")
    found = {name: document.get(name) for name in (*_ENDPOINTS, *_FURTHER)}
    scheme = urlsplit(issuer).scheme
    for name, url in found.items():
        if url is None and name in _FURTHER:
            continue
        if not _is_url(url, scheme):
            raise ProviderAway(f"its {name} is missing or no {scheme} URL")
    supported = _strings(document.get("id_token_signing_alg_values_supported", ["RS256"]))
    algorithms = tuple(name for name in ALGORITHMS if name in supported)
    if not algorithms:
        raise ProviderAway(f"it signs by {', '.join(supported) or 'nothing'}: give it a key pair, such as RS256")
    return Metadata(
        issuer=issuer,
        **{name: found[name] for name in _ENDPOINTS},  # type: ignore[arg-type]
        userinfo_endpoint=found["userinfo_endpoint"],
        end_session_endpoint=found["end_session_endpoint"],
        algorithms=algorithms,
        token_endpoint_auth_methods=_strings(document.get("token_endpoint_auth_methods_supported", [])),
        names_issuer=document.get("authorization_response_iss_parameter_supported") is True,
    )


def _is_url(url: object, scheme: str) -> bool:
    """Whether it is a whole URL, by https, or by the issuer's own scheme."""
    try:
        parts = urlsplit(url) if isinstance(url, str) else None
        return parts is not None and parts.scheme in ("https", scheme) and bool(parts.hostname)
    except ValueError:
        return False


def _strings(value: object) -> tuple[str, ...]:
    return tuple(entry for entry in value if isinstance(entry, str)) if isinstance(value, list) else ()


async def ask(client: httpx.AsyncClient, method: str, url: str, **options: Any) -> httpx.Response:
    """One request to the provider, without redirects; raises ProviderAway when there is no answer, or a 5xx."""
    host = urlsplit(url).hostname
    try:
        async with asyncio.timeout(SECONDS):
            answer = await exchange(client, method, url, most=MOST_BYTES, follow_redirects=False, **options)
    except TimeoutError:
        raise ProviderAway(f"{host} did not answer within {SECONDS:g} seconds") from None
    except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, AnswerNotReadable) as error:
        raise ProviderAway(f"{host} cannot be asked: {str(error) or type(error).__name__}") from error
    if answer.status_code >= 500 or answer.is_redirect:
        raise ProviderAway(f"{host} answered with status {answer.status_code}")
    return answer


async def ask_json(client: httpx.AsyncClient, method: str, url: str, **options: Any) -> Any:
    """The JSON that a request is answered with; raises ProviderAway for everything else."""
    answer = await ask(client, method, url, **options)
    if answer.is_error:
        raise ProviderAway(f"{urlsplit(url).hostname} answered with status {answer.status_code}")
    return await json_of(answer)


async def json_of(answer: httpx.Response) -> Any:
    """The JSON of an answer; raises ProviderAway."""
    try:
        return await read_json(answer)
    except AnswerNotReadable:
        raise ProviderAway(f"{answer.request.url.host} answered with something else than JSON") from None


class Discovery:
    """The provider's document and keys. Who asks at the same time waits for one and the same request."""

    def __init__(self, issuer: str, client: httpx.AsyncClient) -> None:
        self._issuer, self._client, self._turn = issuer, client, asyncio.Lock()
        self._found: tuple[Metadata, KeySet] | None = None
        self._until = self._again_at = 0.0
        self._failure: ProviderAway | None = None

    async def metadata(self) -> Metadata:
        """What the provider says of itself; raises ProviderAway."""
        return (await self._get())[0]

    async def keys(self, key_id: object = None) -> KeySet:
        """Its keys, fetched anew when none has this id; raises ProviderAway."""
        _, keys = await self._get()
        if isinstance(key_id, str) and all(key.kid != key_id for key in keys):
            _, keys = await self._get(instead_of=keys)
        return keys

    async def _get(self, instead_of: KeySet | None = None) -> tuple[Metadata, KeySet]:
        """What is known, while it is fresh; `instead_of`: keys that lacked one, fetched anew every ten seconds."""
        async with self._turn:
            now = time.monotonic()
            if self._found and now < self._until and self._found[1] is not instead_of:
                return self._found
            if now < self._again_at:
                return self._known()
            if instead_of is not None:
                self._again_at = now + AGAIN
            try:
                self._found, self._failure = await self._fetch(), None
                self._until = time.monotonic() + LIFE
            except ProviderAway as failure:
                self._failure, self._again_at = failure, time.monotonic() + AGAIN
            return self._known()

    def _known(self) -> tuple[Metadata, KeySet]:
        """What was found last, even where it could not be fetched anew."""
        if self._found:
            return self._found
        raise ProviderAway(str(self._failure))

    async def _fetch(self) -> tuple[Metadata, KeySet]:
        from app.accounts.openid.keys import read_keys

        url = self._issuer.rstrip("/") + "/.well-known/openid-configuration"
        metadata = read_metadata(self._issuer, await ask_json(self._client, "GET", url))
        return metadata, read_keys(await ask_json(self._client, "GET", metadata.jwks_uri))
