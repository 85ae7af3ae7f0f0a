"""Settings of who may use the accounts and the hosts of the installation's own settings."""

from __future__ import annotations

from functools import cached_property

from pydantic import Field

from app.settings import Section


class SharingSettings(Section):
    """Settings of who may use the accounts and the hosts of the installation's own settings."""

    shared_accounts: str | None = Field(
        None,
        description="Organisations that the accounts and hosts of these settings serve: names or ids by comma,"
        " * for all; unset is the operators' own.",
    )

    @cached_property
    def shared_with(self) -> frozenset[str] | None:
        """Names and ids, in lower case; None where nothing is said."""
        if self.shared_accounts is None:
            return None
        return frozenset(entry.strip().lower() for entry in self.shared_accounts.split(",") if entry.strip())
