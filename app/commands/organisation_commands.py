"""`tranche organisations`: which there are, and what each may have and reach."""

from __future__ import annotations

from typing import Annotated

import typer

from app.commands import ServiceRefused
from app.commands.printing import AsJson, print_json
from app.commands.settings_of_command import all_settings
from app.kit.words import quantity

organisations = typer.Typer(help="Organisations of the installation.", no_args_is_help=True)


@organisations.command("list")
def list_organisations(as_json: AsJson = False) -> None:
    """List the organisations of the installation."""
    from app.commands.people import list_organisations

    found = list_organisations(all_settings())
    if as_json:
        return print_json(found)
    for one in found:
        disabled = "  (disabled)" if one.disabled_at else ""
        typer.echo(f"{one.id}  {quantity(one.figures['users'], 'user'):>10}  {one.name}{disabled}")
    return None


@organisations.command("create")
def create_organisation(name: Annotated[str, typer.Argument(help="Its name.")]) -> None:
    """Make an organisation; `tranche users invite --role admin` invites its first administrator."""
    from app.commands.people import create_organisation

    typer.echo(create_organisation(all_settings(), name))


@organisations.command("rename")
def rename_organisation(
    name: Annotated[str, typer.Argument(help="Its name now.")],
    new_name: Annotated[str, typer.Argument(help="Its name from now on.")],
) -> None:
    """Rename an organisation."""
    from app.commands.people import rename_organisation

    rename_organisation(all_settings(), name, new_name)


@organisations.command("disable")
def disable_organisation(name: Annotated[str, typer.Argument(help="Name of the organisation.")]) -> None:
    """Let nobody of an organisation in and nothing of it start; what it has stays."""
    from app.commands.people import disable_organisation

    disable_organisation(all_settings(), name, disabled=True)


@organisations.command("enable")
def enable_organisation(name: Annotated[str, typer.Argument(help="Name of the organisation.")]) -> None:
    """Let an organisation go on that was disabled."""
    from app.commands.people import disable_organisation

    disable_organisation(all_settings(), name, disabled=False)


@organisations.command("limit")
def limit_organisation(
    name: Annotated[str, typer.Argument(help="Name of the organisation.")],
    limits: Annotated[
        list[str] | None, typer.Argument(help="Such as stored_bytes=50GB, keys=none (no limit), users=default.")
    ] = None,
    weight: Annotated[
        float | None, typer.Option(min=0.01, max=100, help="Its part where organisations take turns; 1 at first.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Set what an organisation may have; without limits, show them and what it uses."""
    from app.commands.limits import limit_organisation

    found = limit_organisation(all_settings(), name, limits or [], weight)
    if as_json:
        return print_json(found)
    for quota in found.quotas:
        used = "?" if quota.used is None else f"{quota.used:,}"
        limit = "no limit" if quota.limit is None else f"{quota.limit:,}"
        typer.echo(f"{quota.name:16} {used:>20} of {limit:20} {'' if quota.state == 'ok' else quota.state}".rstrip())
    typer.echo(f"weight {found.weight:>29g}")
    return None


@organisations.command("allow")
def allow(
    name: Annotated[str, typer.Argument(help="Name of the organisation.")],
    entries: Annotated[
        list[str] | None, typer.Argument(help="Hosts and networks: files.intranet 10.1.0.0/16. They replace the list.")
    ] = None,
    nothing: Annotated[bool, typer.Option("--none", help="Empty the list: public addresses only.")] = False,
    as_json: AsJson = False,
) -> None:
    """Set what an organisation may reach besides public addresses; without hosts, show it."""
    from app.commands.connections import allow

    if nothing and entries:
        raise ServiceRefused("Give either hosts and networks or --none.")
    found = allow(all_settings(), name, [] if nothing else entries or None)
    if as_json:
        return print_json(found)
    for entry in found.allow:
        typer.echo(entry)
    for entry in found.installation:
        typer.echo(f"{entry}  (TRANCHE_OUTBOUND_ALLOW)")
    if not found.allow and not found.installation:
        typer.echo("Public addresses only.")
    return None
