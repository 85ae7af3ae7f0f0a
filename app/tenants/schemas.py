"""Request and reply bodies of erasures."""

from __future__ import annotations

from uuid import UUID

from pydantic import Field

from app.kit.schemas import Input, Output, ShortText


class ErasureRequest(Input):
    name: ShortText = Field(description="The organisation's name, to confirm that it is meant.")


class ErasureBegun(Output):
    """Nobody of the organisation gets in any more; the rest is removed within minutes."""

    organisation_id: UUID
