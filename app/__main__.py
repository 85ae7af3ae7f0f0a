"""The command line: `tranche serve`, `worker`, `submit`, `watch`, `demo`, `keys`, `plays`, `migrate`, `backup`,
`restore`, `doctor`.

Each command imports what it needs: a service that starts should not wait for a progress bar's imports.
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer

from app.commands import ServiceRefused
from app.settings import Settings, SettingsNotValid, read_settings

if TYPE_CHECKING:
    from app.commands.administration import Role

app = typer.Typer(help=__doc__, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
keys = typer.Typer(help="Keys of users and programs.", no_args_is_help=True)
app.add_typer(keys, name="keys")
plays = typer.Typer(help="Sales plays and the data they require.", no_args_is_help=True)
app.add_typer(plays, name="plays")
Server = Annotated[str | None, typer.Option("--server", help="Address of the service.")]
Key = Annotated[str | None, typer.Option("--key", help="API key; else TRANCHE_ADMIN_KEY, else admin.key.")]


def settings() -> Settings:
    """The settings, or the end of the program with what is wrong with them."""
    try:
        return read_settings()
    except SettingsNotValid as wrong:
        typer.echo(str(wrong), err=True)
        raise typer.Exit(2) from None


@app.command()
def serve() -> None:
    """Serve the API and the console, and run jobs."""
    from app.commands.server import serve

    serve(settings())


@app.command()
def worker() -> None:
    """Run jobs only; start as many as you like, on as many machines as you like."""
    from app.commands.server import work

    work(settings())


@app.command()
def submit(
    files: Annotated[list[Path] | None, typer.Argument(exists=True, dir_okay=False, readable=True)] = None,
    pipeline: Annotated[str, typer.Option("--pipeline", "-p")] = "pdf-extraction",
    param: Annotated[list[str] | None, typer.Option("--param", "-P", help="name=value, as often as needed.")] = None,
    url: Annotated[list[str] | None, typer.Option("--url", help="A URL to fetch, as often as needed.")] = None,
    name: Annotated[str | None, typer.Option(help="Name of the batch.")] = None,
    watch: Annotated[bool, typer.Option("--watch", "-w", help="Follow the batch to its end.")] = False,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Save the results as a ZIP.")] = None,
    at: Server = None,
    key: Key = None,
) -> None:
    """Submit files and URLs as one batch."""
    from app.commands import client

    fields = {"pipeline": pipeline} | ({"name": name} if name else {})
    for pair in param or []:
        field, equals, value = pair.partition("=")
        if not equals:
            raise typer.BadParameter(f"{pair!r} is not name=value")
        fields[field] = value
    with client.open_client(settings(), at, key) as api:
        created = client.submit_files(api, files or [], url or [], fields)
        typer.echo(f"{created['batch_id']}  {created['base_directory_name']}  {created['jobs_count']} jobs")
        if watch or output:
            status = client.watch(api, created["batch_id"])
            client.show_results(api, created["batch_id"])
            if output:
                client.save_zip(api, created["batch_id"], output)
            raise typer.Exit(0 if status == "completed" else 1)


@app.command()
def watch(batch_id: UUID, at: Server = None, key: Key = None) -> None:
    """Follow a batch to its end."""
    from app.commands import client

    with client.open_client(settings(), at, key) as api:
        status = client.watch(api, str(batch_id))
        client.show_results(api, str(batch_id))
    raise typer.Exit(0 if status == "completed" else 1)


@app.command()
def demo() -> None:
    """Run a batch of sample result sheets, on the running service or one started for it."""
    from app.commands.demonstration import run

    run(settings())


@app.command()
def migrate(
    revision: Annotated[str, typer.Argument(help="A revision, `head` or `base`.")] = "head",
    force: Annotated[bool, typer.Option("--force", help="Go back although there are batches.")] = False,
) -> None:
    """Bring the database's schema to a revision. `base` removes everything."""
    from app.commands.administration import migrate

    typer.echo(f"The schema is at {migrate(settings(), revision, force=force) or 'base'}.")


@app.command("import-jobs")
def import_jobs(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, readable=True, help="CSV or JSON Lines.")],
    window: Annotated[float, typer.Option(min=0, help="Seconds between two jobs of one batch at most.")] = 60,
    pipeline: Annotated[str | None, typer.Option("--pipeline", "-p", help="For rows that name none.")] = None,
    organisation: Annotated[str, typer.Option(help="Made when missing.")] = "Default",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be made.")] = False,
) -> None:
    """Group the jobs of an older system into batches, by pipeline and time."""
    from app.commands.history import import_jobs

    added = import_jobs(
        settings(),
        file,
        window=timedelta(seconds=window),
        organisation=organisation,
        pipeline=pipeline,
        dry_run=dry_run,
    )
    for batch in added:
        typer.echo(f"{batch.created_at:%Y-%m-%d %H:%M}  {batch.status:<10} {len(batch.job_ids):>6} jobs  {batch.name}")
    jobs = sum(len(batch.job_ids) for batch in added)
    typer.echo(f"{jobs} jobs in {len(added)} batches{', not written: this was a dry run' if dry_run else ''}.")


@app.command()
def backup(folder: Annotated[Path, typer.Argument(help="A folder that does not exist yet.")]) -> None:
    """Keep the database, the files and the keys in a folder, also while the service works."""
    from app.commands.backup import backup

    made = backup(settings(), folder)
    contents = "the bucket's files are not in it" if made.contents is None else f"{made.contents:,} files"
    typer.echo(f"{folder}: the database, {contents}, as of {made.taken_at}. Keep it on another machine.")


@app.command()
def restore(folder: Annotated[Path, typer.Argument(exists=True, file_okay=False, help="A backup.")]) -> None:
    """Fill a new installation from a backup."""
    from app.commands.backup import restore

    kept = restore(settings(), folder)
    typer.echo(f"Restored as of {kept.taken_at}. Jobs that were under way go on when the service starts.")


@app.command()
def doctor() -> None:
    """Check what the service needs."""
    from app.commands.administration import diagnose

    found = diagnose(settings())
    for what, fine, detail in found:
        typer.echo(f"{typer.style('ok  ' if fine else 'FAIL', fg='green' if fine else 'red')} {what:<12} {detail}")
    raise typer.Exit(0 if all(fine for _, fine, _ in found) else 1)


@keys.command("create")
def create_key(
    name: Annotated[str, typer.Argument(help="What the key is for.")],
    organisation: Annotated[str, typer.Option(help="Made when missing.")] = "Default",
    user: Annotated[str, typer.Option(help="Made when missing.")] = "admin",
    admin: Annotated[bool, typer.Option("--admin/--member", help="Role of a user made now.")] = False,
) -> None:
    """Make a key and print it, this once."""
    from app.commands.administration import create_key

    role: Role = "admin" if admin else "member"
    typer.echo(create_key(settings(), organisation=organisation, user=user, role=role, name=name))


@keys.command("list")
def list_keys(organisation: str = "Default") -> None:
    """The keys of an organisation."""
    from app.commands.administration import list_keys

    for key_id, user, name, hint in list_keys(settings(), organisation):
        typer.echo(f"{key_id}  {user}  {name}  ...{hint}")


@keys.command("revoke")
def revoke_key(key_id: UUID) -> None:
    """Make a key stop working at once."""
    from app.commands.administration import revoke_key

    revoke_key(settings(), key_id)


@plays.command("import")
def import_plays(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, readable=True, help="A localStorage export.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be written.")] = False,
    at: Server = None,
    key: Key = None,
) -> None:
    """Take over play-batch mappings that a browser kept: all of them, or none when one is not valid."""
    from app.commands import client
    from app.commands.plays import read_mappings

    mappings = read_mappings(file)
    if not dry_run:
        with client.open_client(settings(), at, key) as api:
            mappings = client.put_json(api, "/api/play-batch-mappings/", mappings)["mappings"]
    for mapping in mappings:
        typer.echo(f"play {mapping['play_id']}: {', '.join(map(str, mapping['required_batches'])) or 'none'}")
    typer.echo(f"{len(mappings)} plays {'would be' if dry_run else 'were'} written.")


def main() -> None:
    """Entry point of the `tranche` command."""
    try:
        app()
    except ServiceRefused as refused:
        typer.secho(str(refused), fg="red", err=True)
        raise SystemExit(1) from None


if __name__ == "__main__":
    main()
