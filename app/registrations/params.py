"""What the jobs of a registration batch share: the `common_config` of a request."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import AfterValidator, ConfigDict, Field, model_validator

from app.kit.schemas import check_json
from app.pipelines.contract import Params
from app.registrations.platform import REQUEST_SECONDS, BaseUrl, PlatformAuth, StepDescription


class RegistrationParams(Params):
    """Common configuration of a registration. Members of your own are there for templates, as `{{config.currency}}`.

    Without `base_url` the operator's platform is used. With one, `auth` and `steps` are the caller's as well: what the
    operator's token may do is the operator's to say, and it is never sent elsewhere.
    """

    model_config = ConfigDict(extra="allow", str_strip_whitespace=True)

    base_url: BaseUrl | None = Field(None, title="Platform", description="A public address; unset: the operator's own.")
    auth: PlatformAuth | None = Field(None, title="Credential", description="Sent to base_url.")
    steps: dict[str, StepDescription] = Field(
        default_factory=dict, title="Steps", description="How this platform is asked; steps not named stay as they are."
    )
    timeout: float = Field(REQUEST_SECONDS, gt=0, le=100, title="Seconds for one request")

    @model_validator(mode="after")
    def check_own_platform(self) -> Self:
        if self.base_url is None and (self.auth or self.steps):
            raise ValueError("auth and steps need a base_url of your own")
        return self


CheckedParams = Annotated[RegistrationParams, AfterValidator(lambda params: check_json(params) and params)]
