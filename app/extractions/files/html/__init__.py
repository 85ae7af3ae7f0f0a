"""Result pages saved from a browser: reports in `<pre>`, and tables."""

from app.extractions.files.html.reader import read, recognise

__all__ = ["EXACT", "read", "recognise"]

EXACT = False
