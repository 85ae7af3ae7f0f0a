"""`tranche organisations limit`: what an organisation may have, set at the installation itself."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from app.audit.record import operator_at_shell
from app.auth.repository import find_organisation
from app.commands import ServiceRefused
from app.commands.administration import run_with_database
from app.installation import Installation
from app.limits import usage
from app.limits.quotas import Quota
from app.limits.schemas import MOST, LimitsRead
from app.settings import Settings

UNITS: Final = {
    "": 1,
    "K": 10**3,
    "M": 10**6,
    "G": 10**9,
    "T": 10**12,
    "KI": 2**10,
    "MI": 2**20,
    "GI": 2**30,
    "TI": 2**40,
}
WORDS: Final[dict[str, str | None]] = {"none": None, "default": usage.DEFAULT}


def read_limit(text: str) -> tuple[str, int | str | None]:
    """`stored_bytes=50GB`, `keys=none` or `users=default`; raises ServiceRefused."""
    name, _, value = text.partition("=")
    name, value = name.strip().replace("-", "_"), value.strip()
    if name not in set(Quota):
        raise ServiceRefused(f"There is no limit {name!r}. There are: {', '.join(Quota)}.")
    if value.lower() in WORDS:
        return name, WORDS[value.lower()]
    match = re.fullmatch(r"([0-9]{1,16})\s*([KMGT]?I?)B?", value.upper())
    if not match or match[2] not in UNITS or (number := int(match[1]) * UNITS[match[2]]) > MOST:
        raise ServiceRefused(f"{text}: give a number such as 200 or 50GB, none, or default.")
    return name, number


def limit_organisation(settings: Settings, name: str, limits: Sequence[str], weight: float | None = None) -> LimitsRead:
    """Set limits and the weight of an organisation, if any are given; what it uses, and its limits."""
    wanted = dict(read_limit(text) for text in limits)
    installation = Installation(settings)

    async def work() -> LimitsRead:
        await installation.migrate()
        async with installation.database.transaction() as session:
            organisation = await find_organisation(session, name)
            if organisation is None:
                raise ServiceRefused(f"There is no organisation {name!r}.")
            if wanted or weight is not None:
                await usage.set_limits(session, operator_at_shell(), organisation, wanted, weight)
            return await usage.read_limits(session, installation.rooms, organisation)

    return run_with_database(settings, work, installation)
