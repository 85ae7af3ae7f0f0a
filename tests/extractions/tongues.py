"""What Meet Manager prints in the languages it is used in, for sheets that the tests draw."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Tongue:
    """The words of one language; `courses` name those of yards, of the long and of the short pool.

    `heads` are those of name, age, team, relay, seed, prelims, result and points. `sections` are those of finals, with
    `*` for the letter, and of the prelims. A title is made of sex, age group, distance, course and stroke. One that
    `needs_room` has heads too long for more than one column.
    """

    event: str
    sexes: tuple[str, ...]
    groups: tuple[str, ...] = ("8 & Under", "9-10", "25-29")
    courses: tuple[str, str, str]
    strokes: tuple[str, ...]
    relays: tuple[str, ...]
    diving: str
    heads: tuple[str, str, str, str, str, str, str, str]
    final: str
    prelims: str
    results: str
    time_trial: str
    needs_room: bool = False


ENGLISH = Tongue(
    event="Event",
    sexes=("Women", "Men", "Mixed"),
    groups=("8 & Under", "9-10", "13 Year Olds", "15 & Over", "25-29"),
    courses=("Yard", "LC Meter", "SC Meter"),
    strokes=("Freestyle", "Backstroke", "Breaststroke", "Butterfly", "IM"),
    relays=("Medley Relay", "Freestyle Relay"),
    diving="mtr Diving",
    heads=("Name", "Age", "School", "Relay", "Seed Time", "Prelim Time", "Finals Time", "Points"),
    final="* - Final",
    prelims="Preliminaries",
    results="Results - Saturday Finals",
    time_trial="Time Trial",
)
TONGUES = {
    "es": Tongue(
        event="Evento",
        sexes=("Damas", "Varones", "Mixto"),
        groups=("13-14", "40-44", "8 & Under"),
        courses=("Yarda", "CL Metro", "CP Metro"),
        strokes=("Libre", "Espalda", "Comb. Ind."),
        relays=("Relevo Combinado", "Relevo Libre"),
        diving="Metro Clavados",
        heads=("Nombre", "Edad", "Equipo", "Relevo", "Sembrar", "Preliminar", "Finales", "Puntos"),
        final="* - Final",
        prelims="Preliminares",
        results="Resultados",
        time_trial="Prueba de tiempo",
    ),
    "es-long": Tongue(
        event="Evento",
        sexes=("Mujeres", "Hombres", "Mixto"),
        groups=("30-34", "40-44"),
        courses=("Yardas", "CL Metros", "CC Metros"),
        strokes=("Pecho", "Mariposa", "CI"),
        relays=("Combinado 120 a 159 años Relevo", "Libre Relevo"),
        diving="Metros Clavados",
        heads=(
            *("Nombre", "Edad", "Equipo", "Relevo", "Tiempo para Sembrado", "Tiempo Preliminar"),
            *("Tiempo de Finales", "Puntos"),
        ),
        final="Final *",
        prelims="Preliminares",
        results="Resultados - Sábado",
        time_trial="Toma de tiempo",
        needs_room=True,
    ),
    "mixed": Tongue(
        event="Evento",
        sexes=("Mixed", "Women", "Varones"),
        groups=("72-99", "100-119"),
        courses=("Yard", "LC Metros", "SC Metros"),
        strokes=("Freestyle", "Espalda"),
        relays=("Combinado Relay", "Libre Relay"),
        diving="mtr Diving",
        heads=("Nombre", "Edad", "Equipo", "Relay", "Seed Time", "Prelim Time", "Finals Time", "Points"),
        final="* - Final",
        prelims="Preliminaries",
        results="Results",
        time_trial="Time Trial",
    ),
    "pt": Tongue(
        event="Prova",
        sexes=("Feminino", "Masculino", "Misto"),
        groups=("13-14", "25-29"),
        courses=("Jardas", "PL Metros", "PC Metros"),
        strokes=("Livre", "Costas", "Peito"),
        relays=("Revezamento Medley", "Revezamento Livre"),
        diving="Metros Saltos",
        heads=("Nome", "Idade", "Equipe", "Revezamento", "Inscrição", "Eliminatória", "Tempo Final", "Pontos"),
        final="Final *",
        prelims="Eliminatórias",
        results="Resultados",
        time_trial="Tomada de tempo",
    ),
    "fr": Tongue(
        event="Épreuve",
        sexes=("Femmes", "Hommes", "Mixte"),
        groups=("13-14", "25-29"),
        courses=("Verges", "GB Mètre", "PB Mètre"),
        strokes=("Libre", "Dos", "Brasse"),
        relays=("Relais 4 nages", "Relais Libre"),
        diving="Mètre Plongeon",
        heads=(
            *("Nom", "Âge", "Équipe", "Relais", "Temps d'inscription", "Temps Préliminaires", "Temps Finale"),
            "Points",
        ),
        final="Finale *",
        prelims="Préliminaires",
        results="Résultats",
        time_trial="Essai de temps",
        needs_room=True,
    ),
    "de": Tongue(
        event="Wettkampf",
        sexes=("Frauen", "Männer", "Mixed"),
        groups=("13-14", "25-29"),
        courses=("Yards", "LB Meter", "KB Meter"),
        strokes=("Freistil", "Rücken", "Lagen"),
        relays=("Lagenstaffel", "Freistilstaffel"),
        diving="Meter Kunstspringen",
        heads=("Name", "Alter", "Verein", "Staffel", "Meldezeit", "Vorlauf", "Endzeit", "Punkte"),
        final="* - Finale",
        prelims="Vorläufe",
        results="Ergebnisse",
        time_trial="Zeitschwimmen",
    ),
    "it": Tongue(
        event="Gara",
        sexes=("Donne", "Uomini", "Misti"),
        groups=("13-14", "25-29"),
        courses=("Yarde", "VL Metri", "VC Metri"),
        strokes=("Stile Libero", "Dorso", "Rana"),
        relays=("Staffetta Mista", "Staffetta Stile Libero"),
        diving="Metri Tuffi",
        heads=("Nome", "Età", "Squadra", "Staffetta", "Iscrizione", "Batteria", "Tempo Finale", "Punti"),
        final="Finale *",
        prelims="Batterie",
        results="Risultati",
        time_trial="Prova a tempo",
    ),
}
