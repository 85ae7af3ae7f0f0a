"""LENEX: results as European programmes exchange them, XML in a `.lef`, which a `.lxf` holds zipped."""

from app.extractions.files.lenex.reader import read, recognise

__all__ = ["EXACT", "read", "recognise"]

EXACT = True
