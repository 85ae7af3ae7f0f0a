"""`tranche users` and `tranche organisations`: their arguments, and what they print."""

from __future__ import annotations

from typing import Annotated

import typer

from app.auth.permissions import Role
from app.commands.settings_of_command import all_settings
from app.kit.words import quantity

users = typer.Typer(help="Users of an organisation, and invitations.", no_args_is_help=True)
organisations = typer.Typer(help="Organisations of the installation.", no_args_is_help=True)
Organisation = Annotated[str, typer.Option(help="Name of the organisation.")]
RoleOption = Annotated[Role, typer.Option(help="What the user may do.")]
Email = Annotated[str | None, typer.Option(help="Address of the user.")]


@users.command("list")
def list_users(organisation: Organisation = "Default") -> None:
    """List the users of an organisation."""
    from app.commands.people import list_users

    for user in list_users(all_settings(), organisation):
        state = "deactivated" if user.deactivated_at else "operator" if user.operator else ""
        typer.echo(f"{user.id}  {user.role:<7} {state:<12} {user.name}{f'  {user.email}' if user.email else ''}")


@users.command("create")
def create_user(
    name: Annotated[str, typer.Argument(help="Name of the user.")],
    organisation: Organisation = "Default",
    role: RoleOption = "member",
    email: Email = None,
) -> None:
    """Make a user for a program; `tranche keys create` makes a key for it. People are invited instead."""
    from app.commands.people import create_user

    typer.echo(create_user(all_settings(), organisation, name, role, email))


@users.command("invite")
def invite_user(
    name: Annotated[str, typer.Argument(help="Whom to invite: the name that the user will have.")],
    organisation: Organisation = "Default",
    role: RoleOption = "member",
    email: Email = None,
    days: Annotated[int, typer.Option(min=1, max=30, help="How long it can be accepted.")] = 7,
) -> None:
    """Print the link of an invitation: it makes its holder a user, once."""
    from app.commands.people import invite

    typer.echo(invite(all_settings(), organisation, name, role, email, days))


@users.command("change")
def change_user(
    user: Annotated[str, typer.Argument(help="Name or id of the user.")],
    organisation: Organisation = "Default",
    role: Annotated[Role | None, typer.Option(help="The role from now on.")] = None,
    operator: Annotated[
        bool | None, typer.Option("--operator/--no-operator", help="Whether the user operates the installation.")
    ] = None,
    active: Annotated[
        bool | None, typer.Option("--activate/--deactivate", help="Deactivated, keys and sessions end at once.")
    ] = None,
) -> None:
    """Change a user's role, make an operator of one, deactivate one or let one in again."""
    from app.commands.people import change_user

    asked = {"role": role, "operator": operator, "active": active}
    changes = {name: value for name, value in asked.items() if value is not None}
    changed = change_user(all_settings(), organisation, user, **changes)
    state = "deactivated" if changed.deactivated_at else "active"
    typer.echo(f"{changed.name} is {state}, {changed.role}{', operator' if changed.operator else ''}.")


@organisations.command("list")
def list_organisations() -> None:
    """List the organisations of the installation."""
    from app.commands.people import list_organisations

    for organisation, figures in list_organisations(all_settings()):
        typer.echo(f"{organisation.id}  {quantity(figures['users'], 'user'):>10}  {organisation.name}")


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
