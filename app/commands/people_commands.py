"""`tranche users` and `tranche invitations`: their arguments, and what they print."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

import typer

from app.auth.permissions import Role
from app.commands import ServiceRefused
from app.commands.printing import AsJson, print_json
from app.commands.settings_of_command import all_settings
from app.kit.words import quantity

users = typer.Typer(help="Users of an organisation, and invitations.", no_args_is_help=True)
invitations = typer.Typer(
    help="Invitations into an organisation; `tranche users invite` makes one.", no_args_is_help=True
)
Organisation = Annotated[str, typer.Option(help="Name of the organisation.")]
RoleOption = Annotated[Role, typer.Option(help="What the user may do.")]
UserName = Annotated[str, typer.Argument(help="Name or id of the user.")]
Email = Annotated[str | None, typer.Option(help="Address of the user.")]


@users.command("list")
def list_users(organisation: Organisation = "Default", as_json: AsJson = False) -> None:
    """List the users of an organisation."""
    from app.commands.people import list_users

    found = list_users(all_settings(), organisation)
    if as_json:
        return print_json(found)
    for user in found:
        state = "deactivated" if user.deactivated_at else "operator" if user.operator else ""
        typer.echo(f"{user.id}  {user.role:<7} {state:<12} {user.name}{f'  {user.email}' if user.email else ''}")
    return None


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
    user: UserName,
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


@users.command("sign-out")
def sign_user_out(user: UserName, organisation: Organisation = "Default") -> None:
    """Sign a user out in every browser. Keys go on working; --deactivate of `tranche users change` ends them too."""
    from app.commands.people import sign_user_out

    typer.echo(f"{quantity(sign_user_out(all_settings(), organisation, user), 'browser')} signed out.")


@users.command("remove")
def remove_user(
    user: UserName,
    organisation: Organisation = "Default",
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Remove a user with their keys, sessions and schedules. Batches and results stay."""
    from app.commands.people import remove_user

    if not yes and not typer.confirm(f"Remove {user} of {organisation} for good?"):
        raise ServiceRefused("Nobody was removed.")
    typer.echo(f"{remove_user(all_settings(), organisation, user)} is removed.")


@invitations.command("list")
def list_invitations(organisation: Organisation = "Default", as_json: AsJson = False) -> None:
    """List invitations that were not accepted: those that can be, and those whose time was over lately."""
    from app.commands.people import list_invitations

    found = list_invitations(all_settings(), organisation)
    if as_json:
        return print_json(found)
    for one in found:
        until = f"{'expired' if one.expires_at <= datetime.now(UTC) else 'until'} {one.expires_at:%Y-%m-%d %H:%M} UTC"
        typer.echo(f"{one.id}  {one.role:<7} {until:<28} {one.name}{f'  {one.email}' if one.email else ''}")
    return None


@invitations.command("revoke")
def revoke_invitation(
    invitation_id: Annotated[
        UUID, typer.Argument(help="Id of the invitation, as `tranche invitations list` shows it.")
    ],
    organisation: Organisation = "Default",
) -> None:
    """Take an invitation back: its link opens nothing any more."""
    from app.commands.people import revoke_invitation

    revoke_invitation(all_settings(), organisation, invitation_id)
