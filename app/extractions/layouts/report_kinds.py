"""The kinds of reports beside results, by their titles in English, German, Spanish, French, Portuguese and Italian."""

from __future__ import annotations

import re
from typing import Final

from app.extractions.pdf.page import Line

RESULTS: Final = "results"
_KINDS: Final = {
    RESULTS: r"""results?(?: summary| list)?|(?:wettkampf|gesamt)?protokoll|ergebnis(?:se|liste)?
        |resultados?(?: oficiales| oficiais| finales| finais)?|résultats?(?: officiels| complets)?
        |risultati(?: ufficiali)?""",
    "psych_sheet": r"psyche? sheets?|performance lists?",
    "start_list": r"""start(?:ing)? ?lists?|heat (?:sheets?|lists?)|lane (?:timers? )?(?:sheets?|lists?|assignments?)
        |timers?['’]? sheets?|meet program(?:me)?s?|session report
        |startlisten?|laufeinteilung(?:en)?|lauflisten?|meldeergebnis(?:se)?
        |listas? de salidas?|series de salida
        |listes? de(?:s)? départs?|séries de départ|programme des (?:séries|courses)
        |listas? de (?:partidas?|largadas?|saídas?|séries)|balizamento
        |list[ae] di partenza|lista partenti|(?:elenco|composizione) (?:delle )?batterie""",
    "entry_list": r"""entry lists?|entries(?: list)?|scratch sheets?|(?:event|seeding) lists?|meldelisten?|meldungen
        |listas? de (?:inscritos|inscripci[óo]n(?:es)?|inscriç(?:ão|ões))|inscripciones|inscrições
        |listes? des (?:engagés|engagements|inscrits)|engagements
        |(?:elenco|lista)(?: degli| delle)? iscri(?:tti|zioni)|iscrizioni""",
    "top_times": r"""(?:top|best|fastest) (?:times?|swims)(?: report| list)?|top \d{1,4}(?: times| swims)?
        |(?:ewige )?bestenlisten?|bestzeiten|mejores (?:tiempos|marcas)|meilleurs temps|meilleures performances
        |melhores (?:tempos|marcas)|migliori (?:tempi|prestazioni)""",
    "certificate": r"""certificates?|(?:this )?certifies|urkunden?|diplom(?:a|as|e)?|diplôme|certificados?|certificat
        |attestato|attestati""",
    "medals": r"""medal (?:tables?|standings?|counts?|tally)|(?:multi-?)?medall?ists?|medaillen(?:spiegel|gewinner)
        |medallero|medallistas|tableau des médailles|médaillés|quadro de medalhas|medalhistas
        |medaglier[ei]|medagliati""",
    "scores": r"""(?:team|club|individual) (?:rankings?|scores?|standings?|points?)|scores|standings
        |high[- ]points?(?: awards?)?|mannschaftswertung|vereinswertung|punktwertung(?: vereine)?|pokalwertung
        |gesamtwertung|(?:clasificación|puntuación) (?:de|por) (?:clubes|equipos)
        |classement (?:des|par) (?:clubs|équipes)|(?:classificação|pontuação) (?:de|por) (?:clubes|equipas|equipes)
        |classifica (?:per |di |delle )?(?:società|squadre)""",
    "rankings": r"""rankings?|best performances|points? rankings?|punktrangliste|(?:jahres|welt)rangliste
        |mehrkampf(?:wertung)?|punktbeste leistung(?:en)?|clasificación (?:general|por puntos)
        |classement (?:général|aux points|national)|classificação (?:geral|por pontos)
        |classifica (?:generale|a punti)""",
    "records": r"""records?(?: list| broken| set| summary)?|record list|time standards?|qualifying (?:times?|standards?)
        |(?:vereins|landes|bahn|kreis|alters)?rekord(?:e|listen?)|pflichtzeiten|récords?(?: batidos)?
        |marcas mínimas|tiempos mínimos|records battus|temps (?:de qualification|limites?)|recordes?(?: batidos)?
        |tempos mínimos|record battuti|tempi limite""",
    "schedule": r"schedule|timeline|timetable|zeitplan|horarios?|horaires?|cronograma|orario?",
}
_BEFORE: Final = r"""(?:(?:individual|relay|women|men|girls|boys|mixed|combined|official|provisional|unofficial|final
    |preliminary|overall|all|all-time|meet|team|club|pool|state|national|world|league|event|swim|swimming|competition
    |session|age|group|qualifying|deutsche|internationale)(?:['’]?s)?\s+){0,4}?"""
_AFTER: Final = r"""(?:\s+(?:(?:by|for|of|as|through|that|since|from|broken|nach|für|vom|der|des|im|por|para|par|pour
    |per|del?|du|di|da|do|dos|abschnitt|session|day|tag|jahrgang|page|seite|in
    |prelims?|(?:semi-?)?final[es]?|heats|vorl[aä]ufe?|\w+day)\b|[(#\d]).*)?"""


def _one_line(pattern: str) -> str:
    return re.sub(r"\n\s+", "", pattern)


_KIND: Final = re.compile(
    _one_line(_BEFORE)
    + f"(?:{'|'.join(f'(?P<{kind}>{_one_line(pattern)})' for kind, pattern in _KINDS.items())})"
    + _one_line(_AFTER),
    re.IGNORECASE,
)
_PIECES: Final = re.compile(r"\s+[-–—|:•]+\s+|:\s+|\s*\|\s*")
_RECORD: Final = re.compile(
    r":\s+(?:\d{1,2}:){0,2}\d{1,2}[.,]\d\d\b"
)  # `Record: 2:03.55 ...`: one record, and no list of them
_LONGEST: Final = 60  # characters of a title
REASONS: Final = {
    "start_list": "This is a start list: it has entries but no results.",
    "entry_list": "This is a list of entries, not the results of a meet.",
    "psych_sheet": "This is a psych sheet: it ranks entries and has no results.",
    "top_times": "This is a list of top times, not the results of a meet.",
    "certificate": "This is a certificate, not a result sheet.",
    "medals": "This is a list of medals, not the results of a meet.",
    "scores": "This sheet has scores of teams or swimmers but no results.",
    "rankings": "This is a ranking of performances, not the results of a meet.",
    "records": "This is a list of records or time standards, not the results of a meet.",
    "schedule": "This is a timetable, not the results of a meet.",
}
"""One sentence for the user, for every kind but results."""


def kind_of_title(line: Line) -> str | None:
    """What kind of report a title line names: `results`, a key of `REASONS`, or None.

    The name has to be a cell of the line or a part between dashes, and all of it: `Records` inside the name of a meet
    says nothing.
    """
    if _RECORD.search(line.text):
        return None
    for cell in _cells(line):
        for piece in _PIECES.split(cell):
            if len(piece) <= _LONGEST and (found := _KIND.fullmatch(piece.strip(" .:*-–—"))):
                return found.lastgroup
    return None


def _cells(line: Line) -> list[str]:
    """The texts of a line that stand apart."""
    cells: list[list[str]] = [[]]
    for before, word in zip([line.words[0], *line.words], line.words, strict=False):
        if word.x0 - before.x1 > 1.2 * word.height:
            cells.append([])
        cells[-1].append(word.text)
    return [" ".join(cell) for cell in cells]
