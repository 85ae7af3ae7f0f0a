"""Meet Manager's results as a text of fixed columns, which some hosts print to PDF."""

from __future__ import annotations

from pathlib import Path

from fpdf import FPDF

from app.extractions.sheet import read_sheet
from app.extractions.swims import Sheet

_REPORT = """\
Licensed To: Big Conference                         HY-TEK's Meet Manager 2/22/2026 9:13 PM
               2026 Big Conference Championships - 2/19/2026 to 2/22/2026
                                Results

Event 1  Women 200 Yard Medley Relay
=========================================================================
         NCAA: N 1:33.11  3/20/2019 Tennessee
         Meet: M 1:34.42  2/21/2018 Indiana
               1:36.40  A   NCAA A Standard
    School                                 Seed     Finals      Points
=========================================================================
  1 Indiana University  'A'             1:37.32    1:35.50A         64
     1) Wilson, Katrina SR              2) Hansen, Brooke SO
     3) r:0.12 Looze, Mac JR            4) Heitmann, Maria SO
      24.61   51.20 (26.59) 1:14.00 (22.80) 1:35.50 (21.50)
 -- Michigan  'A'                       1:38.00         DQ
     Early take-off swimmer #3

Event 2  Women 1 mtr Diving
=========================================================================
    Name                    Yr School          Prelims     Finals Points
=========================================================================
                             A - Final
  1 Bromberg, Sarah         JR Minnesota        329.95     353.60   32
                            Preliminaries
 17 Fouch, Leah             FR Northwestern     251.05     249.95q   13 . 50
                            Swim-Off
  1 Doe, Jane               SO Iowa                        250.00

Event 3  Women 50 Yard Freestyle
=========================================================================
    Name                    Yr School          Prelims     Finals Points
=========================================================================
                             A - Final
 *2 Fackenthal, Maddie      SO NW                22.01      21.99     27.50
 *2 Kang, Siobhan           SR OSU               22.11      21.99     27.50
 -- Late, Anna              SR OSU               22.11        DFS
                    Women - Team Rankings - Through Event 3
  1. Indiana University              1,396.5   2. Ohio State            1,229
"""


def _read(tmp_path: Path) -> Sheet:
    pdf = FPDF(unit="pt", format="letter")
    pdf.add_page()
    pdf.set_font("Courier", size=9)
    for row, text in enumerate(_REPORT.splitlines()):
        pdf.text(30, 40 + 11 * row, text)
    path = tmp_path / "report.pdf"
    pdf.output(str(path))
    return read_sheet(str(path))


def test_every_row_of_the_report(tmp_path: Path) -> None:
    sheet = _read(tmp_path)
    assert (sheet.meet, sheet.dates) == ("2026 Big Conference Championships", "2/19/2026 to 2/22/2026")
    assert [(s.kind, s.leg, s.name, s.round, s.place, s.time, s.status, s.points) for s in sheet.swims] == [
        ("relay_leg", 1, "Wilson, Katrina", "final", 1, "1:35.50", "OK", "64"),
        ("relay_leg", 2, "Hansen, Brooke", "final", 1, "1:35.50", "OK", "64"),
        ("relay_leg", 3, "Looze, Mac", "final", 1, "1:35.50", "OK", "64"),
        ("relay_leg", 4, "Heitmann, Maria", "final", 1, "1:35.50", "OK", "64"),
        ("relay", None, "Michigan", "final", None, None, "DQ", None),
        ("diving", None, "Bromberg, Sarah", "final", 1, "353.60", "OK", "32"),
        ("diving", None, "Fouch, Leah", "prelim", 17, "249.95", "OK", "13.50"),
        ("diving", None, "Doe, Jane", "swim_off", 1, "250.00", "OK", None),
        ("individual", None, "Fackenthal, Maddie", "final", 2, "21.99", "OK", "27.50"),
        ("individual", None, "Kang, Siobhan", "final", 2, "21.99", "OK", "27.50"),
        ("individual", None, "Late, Anna", "final", None, None, "DFS", None),
    ]
    assert sheet.swims[0].splits == ["24.61", "51.20", "1:14.00", "1:35.50"]
    assert sheet.swims[4].note == "Early take-off swimmer #3"
