"""The room of the workloads `web-images`, `contact-sheet`, `originals` and `hand-over`."""

from __future__ import annotations

from collections.abc import Iterable

from app.assets import models
from app.assets.accounts import account_kinds
from app.assets.contact_sheet import pipeline as contact_sheet
from app.assets.hand_over import hand_over_pipeline
from app.assets.hand_over_options import HandOverExtension
from app.assets.hand_over_sweep import ANY_WANTED, HandOverSweep
from app.assets.originals import pipeline as originals
from app.assets.settings import HandOverSettings
from app.assets.web_images import pipeline as web_images
from app.batches.desk import Desk
from app.kit.container import Container
from app.kit.db import Database
from app.kit.lookout import Lookout
from app.kit.room import Room
from app.pipelines.contract import Pipeline


def make_sweep(container: Container) -> HandOverSweep:
    sweep = HandOverSweep(container.get(Database), container.get(Desk))
    container.get(Lookout).watch(ANY_WANTED, sweep.wake)
    return sweep


def pipelines(container: Container) -> Iterable[Pipeline]:
    return (web_images, contact_sheet, originals, hand_over_pipeline())


room = Room(
    name="assets",
    models=models,
    settings=HandOverSettings,
    job_services=lambda container: (make_sweep(container),),
    pipelines=pipelines,
    connections=lambda container: account_kinds(container.get(HandOverSettings)),
    batch_extensions=(HandOverExtension(),),
    child_modules=("app.assets.pictures.writing", "app.assets.contact_sheet_drawing"),
)
