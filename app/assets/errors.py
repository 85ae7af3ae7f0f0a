"""What a file is that cannot be processed as an image."""

from __future__ import annotations

from app.kit.failures import Failure


class ImageRefused(Failure):
    """The file is not an image that can be processed."""
