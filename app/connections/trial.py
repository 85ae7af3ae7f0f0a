"""Trying an account out, and what is said of one that does not work."""

from __future__ import annotations

import asyncio
from typing import Any, Final

import httpx

from app.connections.contract import AccountRefused, AnyKind, Reach
from app.connections.errors import ConnectionRefused
from app.kit.declarations import raises
from app.kit.failures import Failure
from app.kit.http_reading import AnswerNotReadable

SECONDS: Final = 15.0


@raises(ConnectionRefused)
async def try_account(kind: AnyKind, account: Any, reach: Reach) -> str:
    """What the service said; raises ConnectionRefused (422) with the reason. Hold no transaction meanwhile."""
    try:
        async with asyncio.timeout(SECONDS):
            return await kind.test(reach, account)
    except (AccountRefused, Failure) as error:
        raise ConnectionRefused(f"{kind.title}: {error}") from None
    except httpx.HTTPStatusError as error:
        raise ConnectionRefused(f"{kind.title} answered with status {error.response.status_code}.") from None
    except (TimeoutError, httpx.TimeoutException):
        raise ConnectionRefused(f"{kind.title} did not answer within {SECONDS:g} seconds.") from None
    except (httpx.HTTPError, httpx.InvalidURL, AnswerNotReadable, OSError):
        raise ConnectionRefused(f"{kind.title} cannot be reached from here, or its answer cannot be read.") from None
