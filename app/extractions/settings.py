"""Settings of the AI provider that reads sheets."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, SecretStr, model_validator

from app.settings import MIB, Section


class AiSettings(Section):
    """Settings of the AI provider that reads sheets."""

    ai_provider: Literal["openai", "openai-responses", "anthropic"] | None = Field(
        None, description="Who reads sheets when a batch asks for it: chat completions, responses, or messages."
    )
    ai_base_url: str | None = Field(None, description="Address of the AI provider's API; unset is the provider's own.")
    ai_key: SecretStr | None = Field(None, description="Key for the AI provider; a local server may need none.")
    ai_model: str = Field("", description="Model that reads sheets; needed when a provider is set.")
    ai_timeout_seconds: float = Field(180.0, gt=0, le=800, description="How long one request to the provider may take.")
    ai_max_file_bytes: int = Field(20 * MIB, ge=1, description="Largest sheet that is sent to the provider.")
    ai_max_output_tokens: int = Field(16_000, ge=256, description="Longest answer of the provider.")
    ai_parallel: int = Field(4, ge=1, le=256, description="Requests to the provider at a time.")

    @model_validator(mode="after")
    def check_model(self) -> Self:
        if self.ai_provider and not self.ai_model:
            raise ValueError("TRANCHE_AI_PROVIDER needs TRANCHE_AI_MODEL")
        return self
