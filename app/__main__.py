"""The command line: `tranche serve`, `dev`, `worker`, `sign-in`, `submit`, `watch`, `demo`, `keys`, `secret`, `users`,
`invitations`, `organisations`, `connections`, `plays`, `migrate`, `audit`, `backup`, `restore`, `import-jobs`,
`group-legacy`, `doctor`.

Each command imports what it needs: a service that starts should not wait for a progress bar's imports.
"""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import typer

from app.auth.permissions import Role
from app.commands import ServiceRefused
from app.commands.backup_commands import backup, restore
from app.commands.connection_commands import connections
from app.commands.organisation_commands import organisations
from app.commands.people_commands import invitations, users
from app.commands.settings_of_command import all_settings, settings
from app.commands.tenant_commands import add_commands as add_tenant_commands
from app.kit.service import CannotStart
from app.kit.words import quantity

Scope = StrEnum("Scope", ["read", "submit", "manage", "admin"])
HELP = "Tranche: submit many things, process each in stages, watch it live, get the results."
app = typer.Typer(help=HELP, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
keys = typer.Typer(help="Keys of users and programs.", no_args_is_help=True)
app.add_typer(keys, name="keys")
secret = typer.Typer(help="The installation's secret.", no_args_is_help=True)
app.add_typer(secret, name="secret")
app.add_typer(users, name="users")
app.add_typer(invitations, name="invitations")
app.add_typer(organisations, name="organisations")
app.add_typer(connections, name="connections")
plays = typer.Typer(help="Sales plays and the data they require.", no_args_is_help=True)
app.add_typer(plays, name="plays")
Server = Annotated[
    str | None, typer.Option("--server", help="Address of the service. Default: TRANCHE_PUBLIC_URL, else this machine.")
]
Key = Annotated[str | None, typer.Option("--key", help="API key. Default: TRANCHE_ADMIN_KEY, else the file admin.key.")]


add_tenant_commands(organisations, all_settings)
app.command()(backup)
app.command()(restore)


@app.command()
def serve() -> None:
    """Serve the API and the console, and run jobs."""
    from app.commands.server import serve

    serve(all_settings())


@app.command()
def dev(
    folder: Annotated[
        Path | None, typer.Argument(help="Folder of .py files with pipelines. Default: TRANCHE_PIPELINES_DIR.")
    ] = None,
) -> None:
    """Serve as `tranche serve` does, and take every change of the files in a folder of pipelines at once."""
    from app.commands.server import serve
    from app.pipelines.settings import PipelineSettings

    where: dict[str, Any] = {"pipelines_watch": True} | ({"pipelines_dir": folder} if folder else {})
    chosen = all_settings(**where)
    if chosen.of(PipelineSettings).pipelines_dir is None:
        raise typer.BadParameter("name a folder, or set TRANCHE_PIPELINES_DIR", param_hint="FOLDER")
    serve(chosen)


@app.command()
def worker() -> None:
    """Run jobs only. Start as many workers as you like, on any machines that reach the database."""
    from app.commands.server import work

    work(all_settings())


@app.command()
def submit(
    files: Annotated[
        list[Path] | None, typer.Argument(exists=True, dir_okay=False, readable=True, help="Files to process.")
    ] = None,
    pipeline: Annotated[
        str, typer.Option("--pipeline", "-p", help="Key of the pipeline they go through.")
    ] = "pdf-extraction",
    param: Annotated[
        list[str] | None,
        typer.Option("--param", "-P", help="A parameter of the pipeline as name=value; may be repeated."),
    ] = None,
    url: Annotated[list[str] | None, typer.Option("--url", help="A URL to fetch; may be repeated.")] = None,
    name: Annotated[str | None, typer.Option(help="Name of the batch.")] = None,
    watch: Annotated[
        bool, typer.Option("--watch", "-w", help="Follow the batch to its end; exit with 1 unless all of it completed.")
    ] = False,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Save the results as a ZIP once the batch has ended.")
    ] = None,
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
        typer.echo(f"{created['batch_id']}  {created['base_directory_name']}  {quantity(created['jobs_count'], 'job')}")
        if watch or output:
            status = client.watch(api, created["batch_id"])
            client.show_results(api, created["batch_id"])
            if output:
                client.save_zip(api, created["batch_id"], output)
            raise typer.Exit(0 if status == "completed" else 1)


@app.command()
def watch(
    batch_id: Annotated[UUID, typer.Argument(help="Id of the batch.")], at: Server = None, key: Key = None
) -> None:
    """Follow a batch to its end. Exits with 1 unless all of it completed."""
    from app.commands import client

    with client.open_client(settings(), at, key) as api:
        status = client.watch(api, str(batch_id))
        client.show_results(api, str(batch_id))
    raise typer.Exit(0 if status == "completed" else 1)


@app.command()
def demo() -> None:
    """Run a batch of sample result sheets, on the running service or one started for it."""
    from app.commands.demonstration import run

    run(all_settings())


@app.command()
def migrate(
    revision: Annotated[
        str, typer.Argument(help="A migration such as tranche_0002, `head`, `base`, or `ROOM@base`.")
    ] = "head",
    force: Annotated[bool, typer.Option("--force", help="Go back even if that deletes data.")] = False,
) -> None:
    """Bring the database's schema to a migration. `base` removes everything, `ROOM@base` what one package brought."""
    from app.commands.administration import migrate

    reached = migrate(all_settings(), revision, force=force)
    typer.echo(f"The schema is at {', '.join(reached) or 'base'}.")


@app.command("import-jobs")
def import_jobs(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, readable=True, help="CSV or JSON Lines.")],
    window: Annotated[float, typer.Option(min=0, help="Longest gap in seconds between two jobs of one batch.")] = 60,
    pipeline: Annotated[
        str | None, typer.Option("--pipeline", "-p", help="Pipeline of rows that do not name one.")
    ] = None,
    organisation: Annotated[
        str, typer.Option(help="Whose batches they become; created if it does not exist.")
    ] = "Default",
    encoding: Annotated[str | None, typer.Option(help="Of a file that is not UTF-8, such as cp1252.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be created, and write nothing.")] = False,
) -> None:
    """Group the jobs of an older system into batches, by pipeline and time."""
    from app.commands.history import import_jobs

    added = import_jobs(
        all_settings(),
        file,
        window=timedelta(seconds=window),
        organisation=organisation,
        pipeline=pipeline,
        encoding=encoding,
        dry_run=dry_run,
    )
    for batch in added:
        jobs = quantity(len(batch.job_ids), "job")
        typer.echo(f"{batch.created_at:%Y-%m-%d %H:%M}  {batch.status:<10} {jobs:>12}  {batch.name}")
    total = sum(len(batch.job_ids) for batch in added)
    made = f"{quantity(total, 'job')} in {quantity(len(added), 'batch', 'batches')}"
    typer.echo(f"{made}{', not written: this was a dry run' if dry_run else ''}.")


@app.command("group-legacy")
def group_legacy(
    pipeline: Annotated[
        list[str] | None,
        typer.Option("--pipeline", "-p", help="OLD=KEY: the pipeline that an older name stands for; may be repeated."),
    ] = None,
    window: Annotated[float, typer.Option(min=0, help="Longest gap in seconds between two jobs of one batch.")] = 60,
) -> None:
    """Group the rows of an older system's table `legacy_jobs` into batches, as each start does."""
    from app.commands.history import group_legacy

    grouped = group_legacy(all_settings(), pipeline or [], window=timedelta(seconds=window))
    for sentence in grouped.left:
        typer.echo(sentence)
    verb = "was" if grouped.batches == 1 else "were"
    typer.echo(f"{quantity(grouped.batches, 'batch', 'batches')} {verb} made.")


@app.command()
def audit(
    since: Annotated[str | None, typer.Option(help="Entries of this moment and later, as 2026-11-28T10:00Z.")] = None,
    until: Annotated[str | None, typer.Option(help="Entries before this moment.")] = None,
    actor: Annotated[str | None, typer.Option(help="Id, name or kind of who did it.")] = None,
    action: Annotated[str | None, typer.Option(help="An action, or a noun such as key; several by comma.")] = None,
    target: Annotated[str | None, typer.Option(help="Id, name or kind of what it was done to.")] = None,
    address: Annotated[str | None, typer.Option(help="Where it came from, or how such addresses begin.")] = None,
    as_format: Annotated[str, typer.Option("--format", help="table, or everything as ndjson or csv.")] = "table",
    limit: Annotated[int, typer.Option(min=1, max=1000, help="Rows of the table.")] = 50,
    at: Server = None,
    key: Key = None,
) -> None:
    """Show who did what, newest first, from the audit log."""
    from app.commands import client
    from app.commands.audit import show_entries

    filters = {"since": since, "until": until, "actor": actor, "action": action, "target": target, "address": address}
    with client.open_client(settings(), at, key) as api:
        show_entries(api, {name: value for name, value in filters.items() if value}, as_format, limit)


@app.command("sign-in")
def sign_in(
    user: Annotated[str | None, typer.Option(help="Whom it signs in. Default: the first administrator.")] = None,
    organisation: Annotated[str | None, typer.Option(help="The user's organisation. Default: Default.")] = None,
) -> None:
    """Print a link that signs a browser in, once. The service may be running."""
    from app.commands.credentials import make_sign_in_link

    typer.echo(make_sign_in_link(all_settings(), organisation, user))


@app.command()
def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="For programs: every finding as JSON.")] = False,
) -> None:
    """Look at everything the service needs; it may be running. Exits with 1 if something is wrong."""
    from app.commands import doctor

    findings = doctor.examine(all_settings(tell=False))
    if as_json:
        typer.echo(doctor.as_json(findings))
    else:
        shown = {"ok": ("ok   ", "green"), "note": ("note ", "yellow"), "wrong": ("WRONG", "red")}
        for finding in findings:
            word, colour = shown[finding.state]
            typer.echo(f"{typer.style(word, fg=colour)} {finding.check:<17} {finding.detail}")
    raise typer.Exit(0 if doctor.is_well(findings) else 1)


@keys.command("create")
def create_key(
    name: Annotated[str, typer.Argument(help="What the key is for.")],
    organisation: Annotated[str, typer.Option(help="Whose key it is; created if it does not exist.")] = "Default",
    user: Annotated[str, typer.Option(help="Whose rights it has; created if it does not exist.")] = "admin",
    admin: Annotated[bool, typer.Option("--admin/--member", help="Role of the user, if it is created now.")] = False,
    scope: Annotated[
        list[Scope] | None, typer.Option(help="What it may at most; may be repeated. Default: all that its user may.")
    ] = None,
    pipeline: Annotated[
        list[str] | None,
        typer.Option("--pipeline", "-p", help="Whose batches it opens; may be repeated. Default: all."),
    ] = None,
    expires_days: Annotated[
        float | None, typer.Option(min=0.001, max=36500, help="When it ends. Default: never.")
    ] = None,
) -> None:
    """Create a key and print it. It is shown only once."""
    from app.commands.credentials import create_key

    role: Role = "admin" if admin else "member"
    life = None if expires_days is None else timedelta(days=expires_days)
    owner: dict[str, Any] = {"organisation": organisation, "user": user, "role": role}
    limits: dict[str, Any] = {"life": life, "scopes": scope or (), "pipelines": pipeline or ()}
    typer.echo(create_key(all_settings(), name=name, **owner, **limits))


@keys.command("list")
def list_keys(organisation: Annotated[str, typer.Option(help="Name of the organisation.")] = "Default") -> None:
    """List the keys of an organisation."""
    from app.commands.credentials import list_keys

    for key_id, user, name, hint, limits in list_keys(all_settings(), organisation):
        typer.echo(f"{key_id}  {user}  {name}  ...{hint}  {limits}".rstrip())


@keys.command("revoke")
def revoke_key(key_id: Annotated[UUID, typer.Argument(help="Id of the key, as `tranche keys list` shows it.")]) -> None:
    """Revoke a key: it stops working at once, with the sessions and keys that were made with it."""
    from app.commands.credentials import revoke_key

    revoke_key(all_settings(), key_id)


@keys.command("rotate")
def rotate_key(
    key_id: Annotated[UUID, typer.Argument(help="Id of the key, as `tranche keys list` shows it.")],
    overlap_hours: Annotated[
        float, typer.Option(min=0, max=720, help="How long the old key goes on working; 0 ends it at once.")
    ] = 24,
) -> None:
    """Put a new key in the place of another and print it. It is shown only once."""
    from app.commands.credentials import replace_key

    typer.echo(replace_key(all_settings(), key_id, timedelta(hours=overlap_hours)))


@secret.command("rotate")
def rotate_secret(
    overlap_days: Annotated[
        float, typer.Option(min=0, max=3650, help="How long what was made with the secret before still counts.")
    ] = 30,
) -> None:
    """Put a new secret into the file secret.key. Start every process again afterwards."""
    from app.commands.credentials import rotate_secret

    until = rotate_secret(all_settings(), timedelta(days=overlap_days))
    ends = f"What was made with the one before counts until {until:%Y-%m-%d %H:%M} UTC."
    typer.echo(f"There is a new secret. Start every process of the service again. {ends}")


@plays.command("import")
def import_plays(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, readable=True, help="A localStorage export.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be written, and write nothing.")] = False,
    at: Server = None,
    key: Key = None,
) -> None:
    """Import which data plays require from a browser's localStorage: all of it, or nothing if a part is not valid."""
    from app.commands import client
    from app.commands.plays import read_mappings

    mappings = read_mappings(file)
    if not dry_run:
        with client.open_client(settings(), at, key) as api:
            mappings = client.put_json(api, "/api/play-batch-mappings/", mappings)["mappings"]
    for mapping in mappings:
        typer.echo(f"play {mapping['play_id']}: {', '.join(map(str, mapping['required_batches'])) or 'none'}")
    verb = "would be" if dry_run else "was" if len(mappings) == 1 else "were"
    typer.echo(f"{quantity(len(mappings), 'play')} {verb} written.")


def main() -> None:
    """Entry point of the `tranche` command."""
    try:
        app()
    except (ServiceRefused, CannotStart) as refused:
        said = str(refused)
        typer.secho(said[:1].upper() + said[1:], fg="red", err=True)
        raise SystemExit(1) from None


if __name__ == "__main__":
    main()
