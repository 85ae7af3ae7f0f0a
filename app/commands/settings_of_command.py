"""The settings as commands read them: one that is not valid ends the program with what is wrong."""

from __future__ import annotations

import typer

from app.settings import Section, Settings, SettingsNotValid, read_settings


def settings(*sections: type[Section]) -> Settings:
    """The settings, or the end of the program with what is wrong with them."""
    try:
        return read_settings(sections)
    except SettingsNotValid as wrong:
        typer.echo(str(wrong), err=True)
        raise typer.Exit(2) from None


def all_settings() -> Settings:
    """The settings with those of every room, for the commands that work on the installation itself."""
    from app.rooms import all_rooms

    return settings(*(room.settings for room in all_rooms() if room.settings))
