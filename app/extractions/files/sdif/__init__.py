"""SDIF: results in the format of USA Swimming, `.sd3`, `.sdif`, and `.cl2` as HY-TEK writes it."""

from app.extractions.files.sdif.reader import read, recognise

__all__ = ["EXACT", "read", "recognise"]

EXACT = True
