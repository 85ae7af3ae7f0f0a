"""HY-TEK's `.hy3`: what Meet Manager exports for Team Manager, in records of fixed columns."""

from app.extractions.files.hy3.reader import read, recognise

__all__ = ["EXACT", "read", "recognise"]

EXACT = True
