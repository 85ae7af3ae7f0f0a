"""The skeleton of a PDF: numbered objects, and where each of them begins."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path


def write_pdf(path: Path, objects: Sequence[str]) -> str:
    """Writes objects, of which the first is the catalogue, as a PDF; the path as text."""
    body, offsets = "%PDF-1.5\n", ""
    for number, text in enumerate(objects, 1):
        offsets += f"{len(body):010} 00000 n \n"
        body += f"{number} 0 obj\n{text}\nendobj\n"
    size = len(objects) + 1
    table = f"xref\n0 {size}\n0000000000 65535 f \n{offsets}trailer\n<</Root 1 0 R/Size {size}>>\n"
    path.write_text(f"{body}{table}startxref\n{len(body)}\n%%EOF\n", encoding="ascii")
    return str(path)


def stream(content: str) -> str:
    """An object that holds drawing operators, or a map."""
    return f"<</Length {len(content)}>>stream\n{content}\nendstream"


def to_unicode(codes: Mapping[int, str]) -> str:
    """The object that says which letter each code of a font is."""
    mapped = "\n".join(f"<{code:02x}> <{sign.encode('utf-16-be').hex()}>" for code, sign in codes.items())
    return stream(
        "/CIDInit /ProcSet findresource begin begincmap 1 begincodespacerange <00> <ff> endcodespacerange\n"
        f"{len(codes)} beginbfchar\n{mapped}\nendbfchar endcmap end"
    )
