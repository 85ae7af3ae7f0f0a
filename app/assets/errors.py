"""What a file is that cannot be processed as an image."""

from __future__ import annotations


class ImageRefused(Exception):
    """The file is not an image that can be processed. `code` is stable, `message` is one sentence."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(code, message)
        self.code, self.message = code, message
