"""What a batch of result sheets is asked for."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, StringConstraints

from app.extractions.names import Wanted
from app.kit.schemas import ShortText, check_text
from app.pipelines.contract import Params


class ExtractionParams(Params):
    """What to look for, and who reads the sheets."""

    swimmer_name: ShortText = Field(
        title="Swimmer", description='As printed on the sheets or not: "Lilly King", "King, Lilly".'
    )
    club: Annotated[str, StringConstraints(max_length=255), AfterValidator(check_text)] = Field(
        "", title="Club", description="Only if several people on the sheets have this name: the club, or a part of it."
    )
    birth_year: int | None = Field(
        None, ge=1900, le=2100, title="Year of birth", description="Likewise: a sheet prints it, or the age."
    )
    reader: Literal["text", "ai"] = Field(
        "text", title="Read by", description="text: the extractor, which reads the PDF's text. ai: the AI provider."
    )
    fallback: Literal["none", "ai"] = Field(
        "none",
        title="What the text does not give",
        description="ai: hand scans, and pages that could not be read with certainty, to the AI provider.",
    )

    @property
    def wanted(self) -> Wanted:
        return Wanted(self.swimmer_name, self.club or None, self.birth_year)

    @property
    def wants_ai(self) -> bool:
        return "ai" in (self.reader, self.fallback)
