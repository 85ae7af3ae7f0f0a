"""Results of SwimTopia's Meet Maestro as browsers print them: in two columns or, with two lines a row, in three."""

from app.extractions.layouts.meet_maestro.reader import read, recognise

__all__ = ["read", "recognise"]
