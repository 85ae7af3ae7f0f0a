"""Reports of HY-TEK's Meet Manager."""

from app.extractions.layouts.hytek.reader import read, recognise

__all__ = ["read", "recognise"]
