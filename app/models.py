"""Imports every room's models, so that Alembic and the architecture test see one metadata."""

from app.auth import models as auth_models
from app.automation import models as automation_models
from app.batches import models as batch_models
from app.batches import step_models
from app.extractions import models as extraction_models
from app.files import models as file_models
from app.idempotency import models as idempotency_models
from app.kit.db import Base
from app.notifications import models as notification_models
from app.pipelines import models as pipeline_models
from app.plays import models as play_models
from app.registrations import models as registration_models
from app.reports import models as report_models
from app.results import models as result_models
from app.runner import models as runner_models

metadata = Base.metadata

__all__ = [
    "auth_models",
    "automation_models",
    "batch_models",
    "extraction_models",
    "file_models",
    "idempotency_models",
    "metadata",
    "notification_models",
    "pipeline_models",
    "play_models",
    "registration_models",
    "report_models",
    "result_models",
    "runner_models",
    "step_models",
]
