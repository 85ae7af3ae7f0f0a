"""Which values are secrets: told by the words of their names, and by what they look like.

It decides what is encrypted before it is stored and what is left out of what people are shown, so a wrong guess costs
somebody a look at a value and never the value.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any, Final

HIDDEN: Final = "***"
"""What is shown in place of a secret. Sent back, it stands for the secret that was there."""

_WORDS: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
_ALONE: Final = frozenset(
    "token secret password passwd passwort pwd passphrase passcode authorization authentication cookie credential"
    " bearer jwt apikey dsn".split()
)
_PLURAL: Final = frozenset("tokens secrets passwords passphrases cookies credentials apikeys".split())
"""Names of counts as well, such as `max_tokens`: a number under one is none."""
_KEYS: Final = frozenset(
    "api private access secret signing encryption auth master account subscription session client shared webhook"
    " service license ssh pgp hmac aes function functions".split()
)
"""What makes the word `key` after it a secret; a key alone is more often a name."""
_ENDINGS: Final = ("token", "secret", "password", "passwd", "passphrase", "apikey", "privatekey", "accesskey")
"""Of words that are written together, such as `accesstoken`."""
_ABOUT: Final = frozenset(
    "count counts limit limits length size type types kind name names id ids url uri endpoint path file expiry expires"
    " expiration expired ttl lifetime age at in budget usage used max min policy hint label title description required"
    " enabled present status rotation rotated consent method scheme header headers field column index".split()
)
"""A name that ends so is about a secret and holds none: `token_count`, `password_policy`, `secret_name`."""
_PAIRS: Final = {("connection", "string"), ("conn", "str"), ("connection", "str")}
_NAMED_BY: Final = ("name", "key", "header")
"""Members that name what stands in `value` beside them, as headers are often written."""

_FORMS: Final = re.compile(
    r"""
    \bbearer[ ]{1,4}(?=[^\s0-9+/=]{0,200}[0-9+/=])[A-Za-z0-9+/=_.~-]{8,}  # RFC 6750
    | \A(?:basic|token|digest|apikey)[ ]{1,4}(?=[^\s0-9+/=]{0,200}[0-9+/=])[a-z0-9+/=_.~-]{8,}\Z  # RFC 9110
    | \beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{4,}\.  # a JWT (RFC 7519): base64url of {"
    | -----BEGIN\ [A-Z0-9 ]{0,40}PRIVATE\ KEY  # PEM (RFC 7468)
    | \b(?:sk|rk|pk)_(?:live|test)_[A-Za-z0-9]{8,} | \bsk-[A-Za-z0-9_-]{16,}
    | \bgh[opsur]_[A-Za-z0-9]{20,} | \bgithub_pat_[A-Za-z0-9_]{20,} | \bglpat-[A-Za-z0-9_-]{16,}
    | \bxox[abeoprs]-[A-Za-z0-9-]{8,} | \bxapp-[A-Za-z0-9-]{8,}
    | \b(?:AKIA|ASIA)[A-Z0-9]{16}\b | \bAIza[A-Za-z0-9_-]{30,} | \bya29\.[A-Za-z0-9_-]{16,}
    | \bpat-[a-z]{2}[0-9]-[A-Za-z0-9-]{16,} | \bsl\.[A-Za-z0-9_.-]{32,} | \bSG\.[A-Za-z0-9_-]{16,}\.
    | \bhf_[A-Za-z0-9]{20,} | \bnpm_[A-Za-z0-9]{20,} | \bpypi-[A-Za-z0-9_-]{20,} | \bdop_v1_[a-f0-9]{20,}
    | //hooks\.(?:slack|zapier)\.com/[^\s]{16,} | //(?:canary\.|ptb\.)?discord(?:app)?\.com/api/webhooks/[^\s]{16,}
    | //[a-z0-9.-]{1,80}\.webhook\.office\.com/[^\s]{16,} | //chat\.googleapis\.com/[^\s]{16,}
    | \bshp(?:at|ca|pa|ss)_[A-Fa-f0-9]{16,} | \bwhsec_[A-Za-z0-9+/=]{16,} | \btrn_[A-Za-z0-9_-]{16,}
    """,
    re.VERBOSE | re.IGNORECASE,
)
_MARKS: Final = (
    "bearer ",
    *"eyj -----begin sk_ rk_ pk_ sk- gho_ ghp_ ghs_ ghu_ ghr_ github_pat_ glpat- xox xapp- akia asia aiza".split(),
    *"ya29. pat- sl. sg. hf_ npm_ pypi- dop_v1_ //hooks. discord webhook.office.com chat.googleapis.com".split(),
    *"shpat_ shpca_ shppa_ shpss_ whsec_ trn_".split(),
)
"""One of these is in each text that `_FORMS` finds, but for those at the beginning of a text (`_SCHEMES`). Looking for
them takes a fiftieth of the time."""
_SCHEMES: Final = ("basic ", "token ", "digest ", "apikey ")
_USER_INFO: Final = re.compile(r"://[^\s/?#@:]{0,200}:(?!@)[^\s/?#@]{1,500}@")
_ASSIGNED: Final = re.compile(r"([A-Za-z][A-Za-z0-9_-]{1,40})=([^\s&;=]{4,})")
"""`password=...` in a connection string, `access_token=...` in a query."""
_IN_QUERY: Final = re.compile(
    r"(?<=[?&;])([a-z0-9_-]{0,20}sig|[a-z0-9_-]{0,20}signature|key|code|auth)=(?!{{)[^&#;\s]{8,}", re.IGNORECASE
)
"""Signed addresses (`X-Amz-Signature`, `sig`), and keys that too many other texts call so to be told elsewhere."""
_PLACE_ONLY: Final = re.compile(r"(?:[A-Za-z]{1,20} +)?{{[^{}]*}}")
"""A placeholder, as `Bearer {{ variables.token }}` has one: what it stands for is kept elsewhere."""
_LONGEST_LOOK: Final = 20_000


def is_secret_name(name: str) -> bool:
    """Whether what has this name is a secret: `access_token`, `clientSecret`, `X-Api-Key`, but not `token_count`."""
    words = _words(name)
    if not words or words[-1] in _ABOUT:
        return False
    if any(word in _ALONE or word in _PLURAL or word.endswith(_ENDINGS) for word in words):
        return True
    pairs = set(pairwise(words))
    if any(second in ("key", "keys") and first in _KEYS for first, second in pairs) or pairs & _PAIRS:
        return True
    return words[-1] == "auth" or "".join(words).endswith(_ENDINGS)


def _words(name: str) -> list[str]:
    """The words of a name in lower case, without numbers at its end."""
    words = [word.lower() for word in _WORDS.findall(name[:200])]
    while words and words[-1].isdigit():
        words.pop()
    return words


def _is_hideable(name: str | None, value: Any) -> bool:
    """Whether a value under the name of a secret can be one. `name`: its own; None inside such a member."""
    if value is None or isinstance(value, bool) or value in ("", HIDDEN):
        return False
    if isinstance(value, int | float):
        return name is None or not any(word in _PLURAL for word in _words(name))
    return not (isinstance(value, str) and _PLACE_ONLY.fullmatch(value))


def looks_secret(text: str) -> bool:
    """Whether a text has a credential in it by its form: a known prefix, a scheme, a JWT, a private key, a password."""
    text = text[:_LONGEST_LOOK]
    plain = _folded(text)
    if (plain.startswith(_SCHEMES) or any(mark in plain for mark in _MARKS)) and _FORMS.search(text):
        return True
    if "://" in text and _USER_INFO.search(text):
        return True
    if "=" not in text:
        return False
    return bool(_IN_QUERY.search(text)) or any(
        is_secret_name(name) and "{{" not in value for name, value in _ASSIGNED.findall(text)
    )


def _folded(text: str) -> str:
    """The text in the one case in which `re.IGNORECASE` compares letters."""
    return text.lower() if text.isascii() else text.replace("İ", "i").casefold().replace("ı", "i")


def hidden_address(url: str) -> str:
    """A URL as people may see it: without secrets in its query, or its host alone where they stand elsewhere."""
    shown = _IN_QUERY.sub(lambda found: f"{found[1]}={HIDDEN}", url)
    shown = _ASSIGNED.sub(lambda found: f"{found[1]}={HIDDEN}" if is_secret_name(found[1]) else found[0], shown)
    if not looks_secret(shown):
        return shown
    scheme, _, rest = url.partition("://")
    host = re.split(r"[/?#]", rest, maxsplit=1)[0].rpartition("@")[2]
    return f"{scheme}://{host}/{HIDDEN}"


def is_secret(name: str | None, value: Any, *, inside: bool = False) -> bool:
    """Whether a value is a secret: by its name, by its form, or because it is `inside` a member that is called one."""
    if isinstance(value, Mapping):
        return inside or (name is not None and is_secret_name(name) and _words(name) != ["auth"])
    if isinstance(value, list):
        return inside or (name is not None and is_secret_name(name))
    if (inside or (name is not None and is_secret_name(name))) and _is_hideable(name, value):
        return True
    return isinstance(value, str) and looks_secret(value)


def members(value: Mapping[str, Any], *, inside: bool = False) -> Iterator[tuple[str, Any, bool]]:
    """Each member with whether it is a secret, or holds nothing else."""
    paired = any(isinstance(said := value.get(place), str) and is_secret_name(said) for place in _NAMED_BY)
    for name, member in value.items():
        own = is_secret(name, member, inside=inside)
        yield name, member, own or (paired and name == "value" and _is_hideable(None, member))
