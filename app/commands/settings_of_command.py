"""The settings as commands read them: one that is not valid ends the program with what is wrong."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import typer

from app.settings import Section, Settings, SettingsNotValid, find_unknown, read_settings


def settings(*sections: type[Section], **values: Any) -> Settings:
    """The settings, or the end of the program with what is wrong with them. `values` come before the environment's."""
    with _refusing():
        return read_settings(sections, **values)


@contextmanager
def _refusing() -> Iterator[None]:
    try:
        yield
    except SettingsNotValid as wrong:
        typer.echo(str(wrong), err=True)
        raise typer.Exit(2) from None


def all_sections() -> list[type[Section]]:
    """The settings of every room."""
    from app.rooms import all_rooms

    return [room.settings for room in all_rooms() if room.settings]


def all_settings(*, tell: bool = True, **values: Any) -> Settings:
    """The settings with those of every room, for the commands that work on the installation itself."""
    if tell:
        with _refusing():
            for sentence in find_unknown(all_sections()):
                typer.echo(f"Note: {sentence}", err=True)
    return settings(*all_sections(), **values)
