"""The database's part of a backup: written by pg_dump, read whole by pg_restore, loaded by psql, all of the wheel."""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import takewhile
from pathlib import Path
from typing import IO, Final, NamedTuple
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit, urlunsplit

from app.commands import ServiceRefused
from app.installation import Installation
from app.kit.postgres.programs import ENVIRONMENT, find_binaries
from app.kit.postgres.server import EmbeddedPostgres

HAS_TRANSACTION_TIMEOUT: Final = 17
"""The first PostgreSQL that knows this setting; pg_restore sends it to every one since."""
_HEADER_LINES: Final = 40
_COPY: Final = re.compile(rb"COPY (\S+) \(.*\) FROM stdin;\n")
_ENTRY: Final = re.compile(r"\d+; \d+ \d+ (?:COMMENT - )?(EXTENSION|EVENT TRIGGER)(?: -)? (?P<name>\S+)")
_ADDRESS: Final = "*:*:*:*"


class Programs(NamedTuple):
    """pg_dump and the others. `environment` is what they get, None for this process's own."""

    folder: Path
    environment: dict[str, str] | None

    def __truediv__(self, name: str) -> str:
        return str(self.folder / name)


def programs_of(installation: Installation) -> Programs:
    """Those for an installation's database."""
    # Variables such as PGPORT mean another server than the embedded one.
    return embedded_programs(installation.postgres) if installation.postgres else Programs(find_binaries(), None)


def embedded_programs(server: EmbeddedPostgres) -> Programs:
    return Programs(server.bin, dict(ENVIRONMENT))


def write_dump(programs: Programs, dsn: str, file: Path, snapshot: str) -> None:
    """Write what a snapshot of the database shows; extensions are named only where something needs them."""
    with address_without_password(dsn) as address:
        options = ("--format=custom", "--no-publications", "--no-subscriptions", f"--snapshot={snapshot}")
        _run(programs, "pg_dump", f"--dbname={address}", *options, f"--file={file}")


def count_rows(programs: Programs, file: Path) -> dict[str, int]:
    """Read a dump whole: how many rows of each table are in it. Raises ServiceRefused where it is damaged."""
    found: dict[str, int] = {}
    with _script(programs, file, "--data-only") as lines:
        for line in lines:
            if copied := _COPY.fullmatch(line):
                found[copied[1].decode()] = sum(1 for _ in takewhile(_is_row, lines))
    return found


def load_dump(programs: Programs, dsn: str, file: Path, *, version: int, left_out: Sequence[str] = ()) -> None:
    """Load a dump into an empty database of PostgreSQL `version`, in one transaction.

    psql gets the `commit` only when pg_restore has come to its end: whatever dies before leaves nothing.
    `left_out` are lines of `contents`.
    """
    with address_without_password(dsn) as address, tempfile.NamedTemporaryFile("w") as wanted:
        wanted.write("\n".join(line for line in contents(programs, file) if line not in left_out))
        wanted.flush()
        command = [programs / "psql", f"--dbname={address}", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-f", "-"]
        with tempfile.TemporaryFile() as said:
            psql = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=said, env=programs.environment
            )
            assert psql.stdin
            try:
                psql.stdin.write(b"begin;\n")
                with _script(programs, file, "--no-owner", "--no-privileges", f"--use-list={wanted.name}") as script:
                    for line in (script.readline() for _ in range(_HEADER_LINES)):
                        if version >= HAS_TRANSACTION_TIMEOUT or b"transaction_timeout" not in line:
                            psql.stdin.write(line)
                    shutil.copyfileobj(script, psql.stdin, 1024**2)
                psql.stdin.write(b"commit;\n")
                psql.stdin.close()
            except BrokenPipeError:
                pass  # it has ended by itself, and says why
            except BaseException:
                psql.kill()
                raise
            finally:
                psql.wait()
            if psql.returncode:
                said.seek(0)
                raise ServiceRefused(
                    f"PostgreSQL does not take the dump: {_first_error(said.read().decode(errors='replace'))}"
                )


def contents(programs: Programs, file: Path) -> list[str]:
    """The lines of a dump's table of contents."""
    with _script(programs, file, "--list") as listed:
        return [line for line in listed.read().decode().splitlines() if line and not line.startswith(";")]


def foreign_entries(lines: Sequence[str]) -> dict[str, list[str]]:
    """Lines about what the service did not make and not every role may make, by the extension's or trigger's name."""
    found: dict[str, list[str]] = {}
    for line in lines:
        if entry := _ENTRY.match(line):
            found.setdefault(entry["name"], []).append(line)
    return found


def _is_row(line: bytes) -> bool:
    return line != b"\\.\n"


@contextmanager
def _script(programs: Programs, file: Path, *options: str) -> Iterator[IO[bytes]]:
    """What pg_restore makes of a dump; raises ServiceRefused at the end of the block if that was not all of it."""
    with tempfile.TemporaryFile() as said:
        command = [programs / "pg_restore", *options, "--file=-", str(file)]
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=said, env=programs.environment
        )
        assert process.stdout
        try:
            yield process.stdout
        except BaseException:
            process.kill()
            raise
        finally:
            process.stdout.close()
            process.wait()
        if process.returncode:
            said.seek(0)
            raise ServiceRefused(f"{file} is damaged: {_first_error(said.read().decode(errors='replace'))}")


def _run(programs: Programs, name: str, *arguments: str) -> str:
    done = subprocess.run(
        [programs / name, *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        env=programs.environment,
    )
    if done.returncode:
        raise ServiceRefused(f"{name} failed: {_first_error(done.stderr) or done.returncode}")
    return done.stdout


def _first_error(said: str) -> str:
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    return next((line for line in lines if "error:" in line.lower()), lines[0] if lines else "")


@contextmanager
def address_without_password(dsn: str) -> Iterator[str]:
    """The database's address with its password in a file: every user of the machine can read a program's arguments."""
    parts = urlsplit(dsn)
    query = dict(parse_qsl(parts.query, keep_blank_values=True))
    password = unquote(parts.password) if parts.password is not None else query.pop("password", None)
    if password is None:
        yield dsn
        return
    with tempfile.NamedTemporaryFile("w") as file:  # which nobody else may read
        escaped = password.replace("\\", "\\\\").replace(":", "\\:")
        file.write(f"{_ADDRESS}:{escaped}\n")
        file.flush()
        place = parts.netloc.replace(f":{parts.password}@", "@", 1)
        yield urlunsplit(
            parts._replace(netloc=place, query=urlencode(query | {"passfile": file.name}, quote_via=quote))
        )
