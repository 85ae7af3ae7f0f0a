"""`tranche organisations export` and `erase`, as the command line shows them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from app.commands import ServiceRefused
from app.settings import Settings


def add_commands(group: typer.Typer, settings: Callable[[], Settings]) -> None:
    """Add them to the commands on organisations; `settings` reads those of the installation."""

    @group.command("export")
    def export(
        name: Annotated[str, typer.Argument(help="The organisation's name.")],
        folder: Annotated[Path, typer.Argument(help="A folder that is empty, or not there yet.")],
    ) -> None:
        """Write everything of an organisation as JSON lines and contents; secrets are left out."""
        from app.commands import tenants

        manifest = tenants.export(settings(), name, folder)
        rows = sum(manifest["tables"].values())
        typer.echo(f"{rows:,} rows and {manifest['contents']:,} contents are in {folder}.")

    @group.command("erase")
    def erase(
        name: Annotated[str, typer.Argument(help="The organisation's name.")],
        yes: Annotated[bool, typer.Option("--yes", help="Do not ask for the name again.")] = False,
    ) -> None:
        """Remove an organisation with everything in it. Given again, it goes on where it was interrupted."""
        from app.commands import tenants

        if not yes and typer.prompt("Everything of it is removed for good. Its name") != name:
            raise ServiceRefused("That is another name: nothing was erased.")
        tenants.erase(settings(), name)
        typer.echo(f"Nothing of {name} is left.")
