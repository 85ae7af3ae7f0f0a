"""Sheets without results: no swims, and the reason why."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.extractions.sheet import read_sheet
from app.extractions.swims import Sheet
from tests.extractions.sheets import Drawing


def _without_swims(drawing: Drawing, tmp_path: Path) -> Sheet:
    sheet = read_sheet(drawing.save(tmp_path / "sheet.pdf"))
    assert sheet.swims == []
    return sheet


def test_top_times(tmp_path: Path) -> None:
    drawing = Drawing(title=("Individual Top Times",), printed="HY-TEK's TEAM MANAGER 7.0   12/4/2026  Page ").page()
    drawing.line("Times since: 01-Oct-26").cells("Time", "P/F/S", "Name", "Age/Yr", step=90).line("Women 50 Free")
    drawing.cells("1", "24.92 Y", "F", "Phoebe Huey", "SR", "12/3/2026", step=70)
    sheet = _without_swims(drawing, tmp_path)
    assert sheet.layout == "top_times"
    assert sheet.reason == "This is a list of top times, not the results of a meet."


def test_start_list_with_lanes(tmp_path: Path) -> None:
    drawing = Drawing(title=("Lakeside Invitational - 11/13/2026", "Meet Program - Friday")).page()
    drawing.line("Event 1 Men 12 & Over 200 SC Meter IM").cells("Lane", "Name", "Age", "Team", "Seed Time", step=80)
    drawing.line("Heat 4 of 5 Prelims Starts at 08:27 AM").cells("1", "Artz, Konrad", "14", "ASTCB", "2:27.22", step=80)
    drawing.cells("4", "Callow, Matthew", "13", "AQGCB", "2:19.53", step=80)
    sheet = _without_swims(drawing, tmp_path)
    assert (sheet.layout, sheet.meet, sheet.dates) == ("start_list", "Lakeside Invitational", "11/13/2026")
    assert sheet.reason == "This is a start list: it has entries but no results."


def test_psych_sheet_has_ranks_and_seeds_only(tmp_path: Path) -> None:
    drawing = Drawing(title=("Lakeside Invitational - 11/13/2026", "Psych Sheet")).page()
    drawing.line("Event 1 Women 200 Yard IM").headers(final="", points=False)
    drawing.row("1", "King, Lilly", "21", "Indiana", seed="1:57.00").row("2", "Lee, Ann", "20", "Iowa", seed="1:58.00")
    assert _without_swims(drawing, tmp_path).layout == "psych_sheet"


@pytest.mark.parametrize("title", ["Psych Sheet", "Performance List"])
def test_psych_sheet_with_columns_to_be_filled_in(tmp_path: Path, title: str) -> None:
    drawing = Drawing(title=("Lakeside Invitational - 11/13/2026", title)).page()
    drawing.line("Event 1 Women 200 Yard IM").line("Pool Record: 2:03.55 Ada Brink").headers()
    for place, name in (("1", "Brink, Ada"), ("2", "Halen, Mia")):
        drawing.row(place, name, "21", "Nordhafen", seed="2:07.00", final="________")
    sheet = _without_swims(drawing, tmp_path)
    assert (sheet.layout, sheet.reason) == (
        "psych_sheet",
        "This is a psych sheet: it ranks entries and has no results.",
    )


def test_certificate(tmp_path: Path) -> None:
    drawing = Drawing(title=("Certificate of Achievement",)).page().line("Lilly King").line("1st place 59.46")
    assert _without_swims(drawing, tmp_path).reason == "This is a certificate, not a result sheet."


@pytest.mark.parametrize(
    ("title", "layout"),
    [
        ("Combined Team Scores", "scores"),
        ("Women - Team Rankings - Through Event 26", "scores"),
        ("Meet Records", "records"),
        ("Qualifying Time Standards", "records"),
        ("Timer Sheets - Friday", "start_list"),
    ],
)
def test_reports_beside_the_results_say_what_they_are(tmp_path: Path, title: str, layout: str) -> None:
    drawing = Drawing(title=("Lakeside Invitational - 11/13/2026", title)).page()
    drawing.cells("1", "Indiana University", "1,396.50", step=90).cells("2", "Ohio State", "1,229", step=90)
    sheet = _without_swims(drawing, tmp_path)
    assert sheet.layout == layout
    assert sheet.reason


_TITLES = {
    "start_list": "Start List|Heat Sheet|Lane Timer Sheets|Startliste Abschnitt 2|Meldeergebnis|Lista de salidas"
    "|Liste de départ|Lista de largada|Balizamento|Lista di partenza",
    "entry_list": "Entry List|Scratch Sheets|Meldeliste|Lista de inscritos|Liste des engagés|Lista de inscrições"
    "|Elenco iscritti",
    "psych_sheet": "Psych Sheet|Psyche Sheets - Saturday",
    "top_times": "Individual Top Times|Women's Top 10|Ewige Bestenliste|Mejores marcas|Meilleures performances"
    "|Melhores tempos|Migliori prestazioni",
    "certificate": "Certificate of Achievement|Urkunde|Diploma|Diplôme|Certificado de participação|Attestato",
    "medals": "Medal Table|Medallists by Event|Medaillenspiegel|Medallero|Tableau des médailles|Quadro de medalhas"
    "|Medagliere",
    "scores": "Combined Team Scores|Club Standings|Mannschaftswertung|Clasificación por clubes|Classement des clubs"
    "|Classificação de equipes|Classifica per società",
    "rankings": "World Rankings 2026|Overall Rankings by Points|Jahresrangliste|Punktbeste Leistung Jahrgang 2011"
    "|Clasificación general|Classement général|Classificação por pontos|Classifica a punti",
    "records": "Meet Records|Qualifying Time Standards|Vereinsrekorde|Récords de España|Records battus|Recordes"
    "|Record battuti",
    "schedule": "Competition Schedule|Zeitplan|Horario|Cronograma|Orari",
}


@pytest.mark.parametrize(
    ("layout", "title"), [(layout, title) for layout, titles in _TITLES.items() for title in titles.split("|")]
)
def test_kinds_are_named_by_their_titles(tmp_path: Path, layout: str, title: str) -> None:
    drawing = Drawing(title=("Copa Nord 2026", title), printed="Page ").page()
    drawing.cells("1", "BRINK Tessa", "2009", "SV Nord", "59.46", step=90)
    drawing.cells("2", "LIND Ada", "2010", "SV Nord", "59.99", step=90)
    sheet = _without_swims(drawing, tmp_path)
    assert sheet.layout == layout
    assert sheet.reason


@pytest.mark.parametrize(
    "heads",
    [
        "Lane|Name|Age|Team|Seed Time",
        "Bahn|Schwimmer|Verein|Meldezeit",
        "Calle|Nombre|Club|Tiempo de inscripción",
        "Couloir|Nom|Club|Temps d'engagement",
        "Raia|Nome|Clube|Tempo de inscrição",
        "Corsia|Atleta|Società|Tempo di iscrizione",
    ],
)
def test_list_with_times_of_entry_only_is_a_start_list(tmp_path: Path, heads: str) -> None:
    drawing = Drawing(title=("Copa Nord 2026",), printed="Page ").page().cells(*heads.split("|"), step=90)
    drawing.cells("4", "Brink, Tessa", "2009", "59.46", step=90)
    assert _without_swims(drawing, tmp_path).layout == "start_list"


@pytest.mark.parametrize(
    "heads", ["Place|Name|Age|Team|Seed|Official", "Rang|Schwimmer|Meldezeit|Endzeit", "Place|Name|Seed|Time"]
)
def test_time_of_entry_beside_a_result_makes_no_start_list(tmp_path: Path, heads: str) -> None:
    drawing = Drawing(title=("Copa Nord 2026",), printed="Page ").page().cells(*heads.split("|"), step=90)
    drawing.cells("1", "Brink, Tessa", "2009", "SV Nord", "59.46", "58.11", step=90)
    sheet = _without_swims(drawing, tmp_path)
    assert sheet.layout == "unknown"
    assert sheet.reason == "1 line looks like a result, in a layout Tranche does not read yet."


@pytest.mark.parametrize(
    "meet", ["Entries Open Classic", "Medal Table Invitational", "Meet of Records - 11/13/2026", "Urkunde Cup"]
)
def test_a_word_in_the_name_of_the_meet_says_nothing(tmp_path: Path, meet: str) -> None:
    drawing = Drawing(title=(meet, "Results - Saturday")).page()
    drawing.line("Event 1 Women 200 Yard IM").headers().row("1", "King, Lilly", "21", "Indiana", final="1:57.00")
    assert [swim.name for swim in read_sheet(drawing.save(tmp_path / "sheet.pdf")).swims] == ["King, Lilly"]


def test_unknown_layout_invents_nothing(tmp_path: Path) -> None:
    drawing = Drawing(title=("Havenbekers", "Uitslagen"), printed="Bladzijde ").page()
    drawing.line("Programma 1 - 400m wisselslag heren")
    drawing.cells("Pl", "Serie", "Baan", "Naam", "Vereniging", "Tijd", step=90)
    drawing.cells("1", "4", "4", "VOS Karel", "HAVEN", "4:10.50", step=90)
    sheet = _without_swims(drawing, tmp_path)
    assert (sheet.layout, sheet.reading and sheet.reading["confidence"]) == ("unknown", "low")
    assert sheet.reason == "1 line looks like a result, in a layout Tranche does not read yet."


def test_report_without_rows_says_so(tmp_path: Path) -> None:
    drawing = Drawing().page().line("Event 1 Women 200 Yard IM").headers()
    sheet = _without_swims(drawing, tmp_path)
    assert sheet.layout == "hytek"
    assert sheet.reason == "This sheet has the page headers of HY-TEK's Meet Manager but no result rows."
