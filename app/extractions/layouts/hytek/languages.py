"""The words that Meet Manager prints, in each language it is used in, as pieces of regular expressions.

A sheet may mix them (`Evento 17 Mixed 72-99 4x50 SC Metros Combinado Relay`), so that readers ask for a word in any
language. A new language is a new entry.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """One language. Each field holds alternatives, with `|` between them, which are plain words but for those below.

    Patterns are `relay`, `diving`, `length`, `yards`, `swim_off`, `time_trial` and `scores`. `first_times` are words
    for a time that stand before what time it is (`Tiempo de Finales`), `last_times` those behind it (`Finals Time`).
    `long`, `short` and `yards` name the courses, and `small` words join others.
    """

    event: str
    sexes: str
    relay: str
    diving: str = r"div(?:e|es|ing)"
    length: str
    yards: str
    long: str = "LC"
    short: str = "SC"
    results: str
    prelims: str
    semifinals: str
    final: str
    before_final: str
    swim_off: str = r"swim-?\s?offs?"
    time_trial: str = r"time\s?trials?"
    scores: str
    to: str
    small: str = ""
    name: str
    age: str
    team: str
    relay_head: str = ""
    seed: str
    first_times: str = ""
    last_times: str = ""
    points: str


LANGUAGES: Final = (
    Words(
        event="Event",
        sexes="Women|Men|Girls|Boys|Mixed|Female|Male|Coed|Open",
        relay="relay",
        length="Meter|Metre|mtr",
        yards="Yard|Yd",
        results="Results",
        prelims="Preliminaries|Preliminary|Prelims|Prelim",
        semifinals="Semifinals|Semifinal|Semi-Finals|Semi-Final|Semi Finals|Semi Final",
        final="Finals|Final|Consolations|Consolation|Bonus",
        before_final="Timed|Championship|Consolation|Bonus|Super",
        scores=r"(?:Team|Club|Combined)\s+(?:Rankings|Scores|Standings|Points)|Individual\s+(?:High\s+)?(?:Points?"
        r"|Scores|Rankings)|High\s+Points?|Through\s+Event\s+\d+",
        to="to",
        name="Name",
        age="Age|Yr|Year|Grade|Gr",
        team="Team|School|Club",
        relay_head="Relay",
        seed="Seed|Entry",
        last_times="Time|Score",
        points="Points|Pts",
    ),
    Words(
        event="Evento|Prueba",
        sexes="Mujeres|Damas|Femenino|Femenil|Femenina|Niñas|Hombres|Varones|Masculino|Varonil|Caballeros|Niños|Mixto"
        "|Mixtos|Mixta",
        relay="relevos?",
        diving="clavados|saltos",
        length="Metros?",
        yards="Yardas?",
        long="CL",
        short="CP|CC",
        results="Resultados",
        prelims="Preliminares|Preliminar|Eliminatorias|Eliminatoria",
        semifinals="Semifinales|Semifinal|Semi-Finales|Semi-Final",
        final="Finales|Final|Consolación|Consolacion",
        before_final="Gran",
        swim_off=r"desempates?",
        time_trial=r"prueba\s+de\s+tiempos?|control\s+de\s+tiempos?|toma\s+de\s+tiempos?",
        scores=r"(?:Puntuaci[oó]n|Puntaje|Clasificaci[oó]n|Puntos)\s+(?:de|por|general|individual)\b.*",
        to="a|al|hasta",
        small="de|del|para|la|el",
        name="Nombre|Nadador|Nadadora|Atleta",
        age="Edad|Año|Grado",
        team="Equipo|Club|Escuela|Colegio|Entidad",
        relay_head="Relevo",
        seed="Sembrado|Sembrar|Siembra|Inscripción|Inscripcion|Entrada",
        first_times="Tiempo|Marca|Puntaje",
        points="Puntos|Ptos",
    ),
    Words(
        event="Evento|Prova",
        sexes="Mulheres|Feminino|Feminina|Meninas|Moças|Senhoras|Homens|Masculino|Meninos|Rapazes|Misto|Mistos|Mista",
        relay="revezamentos?|estafetas?",
        diving="saltos",
        length="Metros?",
        yards="Jardas?",
        long="PL|CL",
        short="PC|CC",
        results="Resultados",
        prelims="Preliminares|Preliminar|Eliminatórias|Eliminatória|Eliminatorias|Eliminatoria",
        semifinals="Semifinais|Semifinal|Semi-Finais|Semi-Final",
        final="Finais|Final|Consolação",
        before_final="Grande",
        swim_off="desempates?",
        time_trial=r"tomada\s+de\s+tempos?|controle\s+de\s+tempos?",
        scores=r"(?:Pontuação|Classificação|Pontos)\s+(?:de|por|geral|individual|das?)\b.*",
        to="a|até",
        small="de|da|do|das|dos|para",
        name="Nome|Nadador|Nadadora|Atleta",
        age="Idade|Ano",
        team="Equipe|Equipa|Clube|Escola|Entidade",
        relay_head="Revezamento|Estafeta",
        seed="Inscrição|Entrada|Balizamento",
        first_times="Tempo",
        points="Pontos|Pts",
    ),
    Words(
        event="Épreuve|Epreuve|Événement|Evénement|Evenement",
        sexes="Femmes|Dames|Filles|Hommes|Messieurs|Garçons|Mixte|Mixtes",
        relay="relais",
        diving="plongeon",
        length="M[eè]tres?",
        yards="Verges?",
        long="GB|BL|PO",
        short="PB|BC|PC",
        results="R[ée]sultats",
        prelims="Préliminaires|Préliminaire|Preliminaires|Séries|Series|Éliminatoires|Eliminatoires",
        semifinals="Demi-finales|Demi-finale|Demi finales|Semifinales",
        final="Finales|Finale|Consolation",
        before_final="Grande|Petite",
        swim_off="barrage",
        time_trial=r"essais?\s+de\s+temps|contre\s+la\s+montre",
        scores=r"(?:Classement|Pointage|Points)\s+(?:des?|par|g[ée]n[ée]ral|individuels?)\b.*",
        to="au|à",
        small="de|des|du|d'|la|le",
        name="Nom|Nageur|Nageuse",
        age="Âge|Age|Année|Annee",
        team="Équipe|Equipe|Club|École|Ecole",
        relay_head="Relais",
        seed="Inscription|Engagement|Inscrit",
        first_times="Temps",
        points="Points|Pts",
    ),
    Words(
        event="Wettkampf|WK",
        sexes="Frauen|Damen|Weiblich|Mädchen|Männer|Herren|Männlich|Jungen|Knaben|Gemischt|Mixed",
        relay="(?:\\w{1,20})?staffeln?",
        diving="springen|(?:kunst|turm)springen",
        length="Meter",
        yards="Yards?",
        long="LB",
        short="KB",
        results="Ergebnisse|Resultate",
        prelims="Vorläufe|Vorlauf|Vorlaufzeit",
        semifinals="Halbfinale|Semifinale|Zwischenläufe|Zwischenlauf",
        final="Finale|Final|Finals|Endläufe|Endlauf|Entscheidung|Endzeit",
        before_final="",
        swim_off="Ausschwimmen|Stechen",
        time_trial="Zeitschwimmen|Testlauf",
        scores=r"(?:Mannschafts|Vereins|Punkte|Einzel)(?:wertung|stand|rangliste)\b.*",
        to="bis",
        name="Name|Schwimmer|Schwimmerin",
        age="Alter|Jahrgang|Jg|JG",
        team="Verein|Mannschaft|Club|Klub|Schule",
        relay_head="Staffel",
        seed="Meldezeit|Meldung",
        last_times="Zeit|Ergebnis",
        points="Punkte|Pkt",
    ),
    Words(
        event="Gara|Evento",
        sexes="Donne|Femmine|Femminile|Ragazze|Uomini|Maschi|Maschile|Ragazzi|Misti|Mista|Misto",
        relay="staffett[ae]",
        diving="tuffi",
        length="Metri|Metro",
        yards="Yarde|Iarde",
        long="VL",
        short="VC",
        results="Risultati",
        prelims="Batterie|Batteria|Preliminari|Eliminatorie",
        semifinals="Semifinali|Semifinale",
        final="Finali|Finale|Consolazione",
        before_final="Gran",
        swim_off="spareggio",
        time_trial=r"prova\s+(?:a|di)\s+tempo",
        scores=r"(?:Classifica|Punteggi|Punti)\s+(?:di|per|generale|individuale|a|società)\b.*",
        to="al|a",
        small="di|del|delle|della",
        name="Nome|Nominativo|Atleta",
        age="Età|Eta|Anno",
        team="Squadra|Società|Societa|Scuola|Club",
        relay_head="Staffetta",
        seed="Iscrizione|Iscritto",
        first_times="Tempo",
        points="Punti|Pti",
    ),
)


@cache
def words(field: str) -> tuple[str, ...]:
    """The alternatives for `field` in all languages, longest first, so that none hides one that goes on."""
    found = {word for language in LANGUAGES for word in _alternatives(getattr(language, field))}
    return tuple(sorted(found, key=lambda word: (-len(word), word)))


@cache
def any_of(field: str) -> str:
    """A pattern without groups of its own that matches `field` in any language."""
    return f"(?:{'|'.join(words(field))})"


def _alternatives(text: str) -> list[str]:
    """The parts between the `|` that stand in no brackets."""
    parts, depth = [""], 0
    for sign in text:
        depth += (sign in "([") - (sign in ")]")
        if sign == "|" and depth == 0:
            parts.append("")
        else:
            parts[-1] += sign
    return [part for part in parts if part]
