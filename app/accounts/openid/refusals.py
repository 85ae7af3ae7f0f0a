"""Why nobody is signed in by the provider."""

from __future__ import annotations


class ProviderAway(Exception):
    """The provider cannot be asked now, or is not set up as it must be; the message is for the operator."""


class CodeRefused(Exception):
    """The provider gives nothing for the code: it was used, is too old, or was never its own."""


class TokenNotValid(Exception):
    """The token proves nothing; the message says why, without anything that the token says."""
