"""One file in a request: the raw body, or the only file of a form."""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import dataclass, replace
from typing import Final

from fastapi import Request

from app.files.storage import Spooled, Storage
from app.files.upload import UploadLimits, receive_form, receive_raw
from app.kit.declarations import raises
from app.kit.errors import TooLarge
from app.registrations.errors import NotOneFile

LARGEST: Final = 16 * 1024 * 1024
"""A menu of 200 dishes has 60 KB, 10,000 restaurants have 2 MB: whatever is larger is something else."""


@dataclass(frozen=True, slots=True)
class OneFile:
    """A file's content, and its name if it came with one."""

    data: bytes
    name: str | None

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.data).hexdigest()


@raises(receive_form, receive_raw, NotOneFile, TooLarge)
async def receive_file(request: Request, storage: Storage, limits: UploadLimits) -> OneFile:
    """The file that a request carries; raises TooLarge (413) beyond 16 MiB, NotOneFile (422) for an odd form."""
    # Nothing of it is stored as it comes, so the quota of stored contents is not asked.
    limits = replace(limits, body=min(limits.body, LARGEST + 4096), file=min(limits.file, LARGEST), room=None)
    if request.headers.get("content-type", "").lower().startswith("multipart/form-data"):
        async with receive_form(request, storage, limits) as form:
            if len(form.files) != 1:
                raise NotOneFile("Send one file.")
            return OneFile(await _read(form.files[0].content), form.files[0].name)
    async with receive_raw(request, storage, limits) as content:
        return OneFile(await _read(content), None)


async def _read(content: Spooled) -> bytes:
    if content.size > LARGEST:
        raise TooLarge(f"The file is larger than {LARGEST:,} bytes.")
    return await asyncio.to_thread(content.path.read_bytes)
