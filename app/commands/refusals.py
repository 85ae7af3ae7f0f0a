"""What is wrong with how the service is set up, in one sentence instead of a traceback."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import asyncpg

from app.commands import ServiceRefused
from app.kit.database_outages import CONNECTION_ERRORS
from app.kit.service import CannotStart

DATABASE_REFUSES: Final = (
    *CONNECTION_ERRORS,
    OSError,
    asyncpg.InvalidAuthorizationSpecificationError,
    asyncpg.InvalidCatalogNameError,
    TimeoutError,
)


@contextmanager
def refusing(what: str = "") -> Iterator[None]:
    """What is wrong with the set-up, the disk or the way to the database, as ServiceRefused that begins with `what`.

    Errors of our own stay what they are.
    """
    try:
        yield
    except CannotStart as error:
        raise _refused(what, str(error)) from None
    except DATABASE_REFUSES as error:
        if isinstance(error, OSError) and error.filename is not None:
            raise _refused(what, f"{error.filename}: {error.strerror}") from None
        told = ": ".join(filter(None, (type(error).__name__, str(error))))
        raise _refused(what, f"the database cannot be reached ({told})") from None


def _refused(what: str, why: str) -> ServiceRefused:
    return ServiceRefused(f"{what}: {why}" if what else f"{why[:1].upper()}{why[1:]}")
