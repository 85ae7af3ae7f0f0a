"""Result sheets of SPLASH Meet Manager."""

from app.extractions.layouts.splash.reader import read, recognise

__all__ = ["read", "recognise"]
