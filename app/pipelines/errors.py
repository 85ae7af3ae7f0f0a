"""What is wrong with a request: the problems that this room answers with."""

from __future__ import annotations

from app.kit.errors import Unprocessable


class PipelineUnknown(Unprocessable):
    """This installation has no pipeline of that key or id."""

    code, title = "unknown_pipeline", "Unknown pipeline"
