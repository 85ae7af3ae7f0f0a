"""What the bench of sheets has children do. A module of its own, so that they are forked with it and import nothing."""

from __future__ import annotations

import ctypes
import gc
import resource
import time
from typing import NamedTuple

import pypdfium2.raw as raw

from app.extractions.pdf.char_boxes import read_boxes
from app.extractions.pdf.words import opened
from app.extractions.reading_report import report_on
from app.extractions.sheet import read_sheet
from app.extractions.sheet_text import write_sheet


class Reading(NamedTuple):
    """What reading a sheet takes: processor seconds, of which for the report, and KiB before and at most."""

    pages: int
    swims: int
    seconds: float
    report_seconds: float
    before: int
    most: int


def measure(path: str) -> list[float]:
    """Runs in a child, and answers with the fields of Reading."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    gc.disable()  # as in `read_sheet_text`
    start = time.process_time()
    sheet = read_sheet(path)
    write_sheet(sheet).encode()
    seconds = time.process_time() - start
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start = time.process_time()
    report_on(sheet)
    return [sheet.pages, len(sheet.swims), seconds, time.process_time() - start, before, most]


def take_boxes(path: str) -> float:
    """Runs in a child: the code and the box of every character of a PDF; how many seconds of the processor it took."""
    start = time.process_time()
    with opened(path) as document:
        for index in range(len(document)):
            page = document[index]
            textpage = page.get_textpage()
            count = raw.FPDFText_CountChars(textpage.raw)
            raw.FPDFText_GetText(textpage.raw, 0, count, (ctypes.c_ushort * (count + 1))())
            read_boxes(textpage.raw, range(count), 0)
            textpage.close()
            page.close()
    return time.process_time() - start
