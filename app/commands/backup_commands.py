"""`tranche backup` and `tranche restore`: what they are told and what they say."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from app.commands.settings_of_command import all_settings
from app.kit.words import quantity


def backup(
    folder: Annotated[Path, typer.Argument(help="A folder that does not exist yet; with --keep the one above it.")],
    keep: Annotated[
        int | None,
        typer.Option(min=1, help="Make a dated one below FOLDER, and remove all but the newest so many of them."),
    ] = None,
    verify: Annotated[bool, typer.Option("--verify", help="Try it: load it into a database made for that.")] = False,
) -> None:
    """Copy the database, the files and the keys to a folder, and read all of it again; the service may be running.

    Exits with 3 when the storage had lost contents: the backup is there, and says which.
    """
    from app.commands import backup as backups
    from app.commands import backup_series
    from app.commands.restore import try_restore

    removed: list[Path] = []
    if keep is None:
        made = backups.backup(all_settings(), folder, try_restore if verify else None)
    else:
        folder, made, removed = backup_series.backup_into(all_settings(), folder, keep, try_restore if verify else None)
    held = f"the database with {quantity(sum(made.rows.values()), 'row')}"
    contents = "the bucket's files are not in it" if made.contents is None else quantity(made.contents, "file")
    typer.echo(f"{folder}: {held}, {contents}, as of {made.taken_at}. Keep it on another machine.")
    tried = ", and its database was restored once" if verify else ""
    typer.echo(f"All of it was read again: every row is there, every file has its hash{tried}.")
    typer.echo("It has everybody's data and the keys to it, readable by you alone: keep it as safe as the service.")
    for old in removed:
        typer.echo(f"Removed {old}.")
    for lost in made.lacking[:20]:
        typer.echo(f"The storage has lost a file: {lost}.", err=True)
    if made.lacking:
        typer.echo(
            f"{backups.MANIFEST} names {quantity(len(made.lacking), 'lost file')}; no backup was removed.", err=True
        )
        raise typer.Exit(3)


def restore(
    folder: Annotated[Path, typer.Argument(exists=True, file_okay=False, help="A folder that `tranche backup` made.")],
) -> None:
    """Fill a new, empty installation from a backup, on any supported PostgreSQL."""
    from app.commands.restore import restore

    kept, left_out = restore(all_settings(), folder)
    for name in left_out:
        typer.echo(f"{name} was left out: this role may not make it here, or it is there already.")
    typer.echo(f"Restored as of {kept.taken_at}. Jobs that were under way go on when the service starts.")
