"""The room of codes that open results without a key."""

from __future__ import annotations

from app.batches.responses import ResultCodes as KnownCodes
from app.kit.container import Container
from app.kit.room import Room
from app.kit.secrets.signing import SigningKey
from app.results import models
from app.results.html_page_router import router as page_router
from app.results.public_router import router as public_router
from app.results.router import router
from app.results.service import ResultCodes


def make_result_codes(container: Container) -> ResultCodes:
    return ResultCodes(container.get(SigningKey))


room = Room(
    name="results",
    routers=(router, public_router, page_router),
    models=models,
    provides={ResultCodes: make_result_codes, KnownCodes: lambda container: container.get(ResultCodes)},
)
