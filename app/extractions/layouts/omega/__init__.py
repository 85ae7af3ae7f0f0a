"""Result sheets of Omega's timing."""

from app.extractions.layouts.omega.reader import read, recognise

__all__ = ["read", "recognise"]
