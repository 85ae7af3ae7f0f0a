"""How people can sign in here, for pages that ask them to."""

from __future__ import annotations

from fastapi import APIRouter
from pydantic import Field

from app.accounts.openid.dependencies import ProviderDep
from app.accounts.openid.router import SIGN_IN
from app.kit.schemas import Output
from app.kit.web.public_address import public_path

router = APIRouter(tags=["auth"])


class OpenIdMethod(Output):
    label: str = Field(description='What a button says after "Sign in with".')
    path: str = Field(
        description="Where a browser goes to sign in; with `next`, a path of the service, it comes back there."
    )


class SignInMethods(Output):
    openid: OpenIdMethod | None = Field(description="Signing in with an OpenID provider, where there is one.")


@router.get("/api/sign-in-methods")
async def get_sign_in_methods(provider: ProviderDep) -> SignInMethods:
    """How people can sign in here, besides keys, sign-in links and invitations. Needs no credential."""
    found = OpenIdMethod(label=provider.settings.oidc_label, path=public_path(SIGN_IN)) if provider.configured else None
    return SignInMethods(openid=found)
