"""The room of rates and quotas."""

from __future__ import annotations

from app.audit.tallies import Tallies
from app.auth.admission import Admission
from app.kit.container import Container
from app.kit.db import Database
from app.kit.room import Room
from app.limits import models, quota_repository, repository
from app.limits.admission import Limits
from app.limits.guesses import Guesses
from app.limits.middleware import RateHeaders
from app.limits.quotas import Quota, QuotaDefaults
from app.limits.rates import Rate, Rates
from app.limits.router import router
from app.limits.settings import LimitSettings
from app.limits.streams import StreamSlots
from app.limits.windows import Take, WindowStorage
from app.settings import Settings


def _take_from(database: Database) -> Take:
    async def take(key: str, size: int, seconds: float) -> tuple[int, float]:
        async with database.statements() as session:
            return await repository.take(session, key, size, seconds)

    return take


def make_storage(container: Container) -> WindowStorage:
    wanted = container.get(LimitSettings).rate_shared
    shared = container.get(Settings).database_url is not None if wanted is None else wanted
    return WindowStorage(_take_from(container.get(Database)) if shared else None)


def make_rates(container: Container) -> Rates:
    settings, storage = container.get(LimitSettings), container.get(WindowStorage)
    return Rates(
        Rate("key", settings.rate_key_per_minute, storage),
        Rate("organisation", settings.rate_organisation_per_minute, storage),
        Rate("address", settings.rate_address_per_minute, storage),
    )


def make_guesses(container: Container) -> Guesses:
    settings, database = container.get(LimitSettings), container.get(Database)
    exact = WindowStorage(_take_from(database), first=1, largest=1)
    # One fewer than the setting says: the one that it names is the first to be refused.
    keys, codes = settings.rate_wrong_keys_per_minute, settings.rate_wrong_codes_per_minute
    return Guesses(
        container.get(Tallies),
        Rate("wrong-keys", keys - 1, exact),
        Rate("wrong-codes", codes - 1, exact),
        Rate("wrong", settings.rate_wrong_total_per_minute, WindowStorage(_take_from(database))),
    )


room = Room(
    name="limits",
    models=models,
    settings=LimitSettings,
    provides={
        WindowStorage: make_storage,
        Rates: make_rates,
        Guesses: make_guesses,
        StreamSlots: lambda container: StreamSlots(container.get(Database)),
        Admission: lambda container: Limits(container.get(Rates), container.get(Guesses)),
    },
    routers=(router,),
    services=lambda container: (QuotaDefaults(container.get(Database), container.get(LimitSettings)),),
    http_services=lambda container: (container.get(StreamSlots),),
    middleware=(RateHeaders,),
    quota_counts={Quota.OPEN_STREAMS: quota_repository.count_streams},
    expiring=(repository.delete_ended, quota_repository.forget_days, quota_repository.forget_dead_slots),
)
