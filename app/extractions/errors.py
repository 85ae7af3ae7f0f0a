"""What is wrong with a request: the problems that this room answers with."""

from __future__ import annotations

from app.kit.errors import NotFound


class ExtractionNotFound(NotFound):
    """There is no such extraction in your organisation."""

    code = "extraction_not_found"
