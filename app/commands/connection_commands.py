"""`tranche connections`: its arguments, and what they print."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from app.commands import ServiceRefused
from app.commands.people_commands import Organisation
from app.commands.printing import AsJson, print_json
from app.commands.settings_of_command import all_settings

connections = typer.Typer(help="Accounts of outside services that an organisation's batches use.", no_args_is_help=True)
Kind = Annotated[str, typer.Argument(help="The service, such as dropbox; `tranche connections list` shows all.")]
SOURCES = {"own": "own account", "installation": "the installation's", "none": "none"}


@connections.command("list")
def list_connections(organisation: Organisation = "Default", as_json: AsJson = False) -> None:
    """List the services, and whose account for each the organisation uses. Secrets are not shown."""
    from app.commands.connections import list_connections

    found = list_connections(all_settings(), organisation)
    if as_json:
        return print_json(found)
    for one in found:
        hint = f"...{one.hint}" if one.hint else ""
        since = f"since {one.set_at:%Y-%m-%d %H:%M} UTC by {one.set_by or 'the command line'}" if one.set_at else ""
        typer.echo(f"{one.kind:<14} {SOURCES[one.source]:<19} {hint:<8} {since}".rstrip())
    return None


@connections.command("set")
def set_connection(
    kind: Kind,
    values: Annotated[
        list[str] | None, typer.Argument(help="What is no secret, as name=value: folder=/Batches.")
    ] = None,
    organisation: Organisation = "Default",
    secret_file: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, readable=True, help="A file that has the secret, and nothing else."),
    ] = None,
    no_secret: Annotated[bool, typer.Option("--no-secret", help="The account has no secret.")] = False,
) -> None:
    """Set an account in the place of the one before. Its secret is read from standard input, or asked for."""
    from app.commands.connections import read_secret, set_connection

    if no_secret and secret_file:
        raise ServiceRefused("Give either --secret-file or --no-secret.")
    secret = None if no_secret else partial(read_secret, secret_file)
    title = set_connection(all_settings(), organisation, kind, values or [], secret)
    typer.echo(f"{organisation} has an account for {title}. `tranche connections test {kind}` tries it.")


@connections.command("test")
def try_connection(kind: Kind, organisation: Organisation = "Default") -> None:
    """Ask the service for the cheapest thing that needs the organisation's own account."""
    from app.commands.connections import try_connection

    typer.echo(try_connection(all_settings(), organisation, kind))


@connections.command("remove")
def remove_connection(kind: Kind, organisation: Organisation = "Default") -> None:
    """Remove an organisation's own account. Batches that need it are refused or fail from then on."""
    from app.commands.connections import remove_connection

    title = remove_connection(all_settings(), organisation, kind)
    typer.echo(f"{organisation} has no account of its own for {title} any more.")
