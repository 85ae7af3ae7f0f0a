"""Small files that want far more memory, time or pages than a sheet may."""

from __future__ import annotations

import zlib

MIB = 2**20


def a_pdf(content: bytes, pages: int = 1) -> bytes:
    """A PDF that shows the same page so many times; `content` is its stream, deflated."""
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[" + b"3 0 R " * pages + b"]/Count %d>>" % pages,
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Contents 4 0 R/Resources<</Font<</F 5 0 R>>>>>>",
        b"<</Length %d/Filter/FlateDecode>>stream\n" % len(content) + content + b"\nendstream",
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
    ]
    body, offsets = b"%PDF-1.4\n", b""
    for number, text in enumerate(objects, 1):
        offsets += b"%010d 00000 n \n" % len(body)
        body += b"%d 0 obj\n" % number + text + b"\nendobj\n"
    size = len(objects) + 1
    table = b"xref\n0 %d\n0000000000 65535 f \n" % size + offsets
    return body + table + b"trailer\n<</Root 1 0 R/Size %d>>\nstartxref\n%d\n%%%%EOF\n" % (size, len(body))


def deflated(times: int) -> bytes:
    """A stream that grows to so many MiB of text; blocks that begin afresh can simply be repeated."""
    start = b"BT /F 10 Tf 18 700 Td "
    shown = b"(Event 1) Tj " * (MIB // 13)
    packer = zlib.compressobj(9)
    header = packer.compress(start) + packer.flush(zlib.Z_FULL_FLUSH)
    block = packer.compress(shown) + packer.flush(zlib.Z_FULL_FLUSH)
    return header + block * times + packer.compress(b"ET") + packer.flush()
