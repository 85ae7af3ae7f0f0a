"""What the package brings to the service."""

from datetime import timedelta
from pathlib import Path

from app.kit.container import Container
from app.kit.db import Database
from app.kit.room import Room
from tranche_link_watch import models
from tranche_link_watch.forgetting import Forgetting
from tranche_link_watch.pipeline import pipeline
from tranche_link_watch.router import router
from tranche_link_watch.settings import LinkWatchSettings

HERE = Path(__file__).parent


def make_forgetting(container: Container) -> Forgetting:
    days = container.get(LinkWatchSettings).link_watch_keep_days
    return Forgetting(container.get(Database), timedelta(days=days))


room = Room(
    name="link_watch",
    routers=(router,),
    models=models,
    migrations=HERE / "migrations",
    settings=LinkWatchSettings,
    job_services=lambda container: (make_forgetting(container),),
    pipelines=lambda container: (pipeline,),
    result_views={"link-watch": HERE / "views" / "link-watch.js"},
)
