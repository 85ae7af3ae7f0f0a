"""The words that SPLASH Meet Manager prints, by language, in small letters and without the point of an abbreviation.

The languages, in this order where a table has them all: English, German, Spanish, Portuguese, French, Italian, Polish,
Turkish, Russian and Ukrainian, then Dutch, Czech, Slovak, Hungarian, Romanian, Croatian and the Nordic and Baltic ones.
"""

from __future__ import annotations

from typing import Final


def folded(text: str) -> str:
    """The text in small letters, as many as it had; the two letters i of Turkish are one, as they are in capitals."""
    return text.replace("İ", "i").lower().replace("ı", "i")


EVENT: Final = frozenset(
    "event|wettkampf|wk|prueba|prova|épreuve|epreuve|gara|konkurencja|yariş|yaris|дистанция|дистанція|вид"
    "|змагання|programmanummer|programma|programmanr|nummer|disciplina|disciplína|soutěž|versenyszám"
    "|proba|øvelse|gren"
    "|laji|ala|rungtis|peldējums|αγώνισμα|дисциплина|событие|заплыв".split("|")
)
"""What stands before the number of an event, as `folded` has it."""

HEADS: Final[dict[str, str]] = {
    "rank": "rank|pl|place|rang|platz|clasificación|clasif|puesto|pos|posição|posición|class|classif"
    "|rango|posizione|miejsce|msc|m-ce|lok|sıra|derece|место|місце|м|plaats|poradí|pořadí|umístění"
    "|helyezés|hely|loc|locul|mjesto|plass|placering|sija|koht|vieta|θέση",
    "name": "name|names|swimmer|athlete|schwimmer|schwimmerin|nombre|apellidos y nombre|nadador|nome"
    "|nageur|nom|nom prénom|nom et prénom|atleta|cognome e nome|cognome nome|nazwisko i imię"
    "|nazwisko imię|zawodnik|adı soyadı|soyadı adı|isim|sporcu|фамилия имя|фамилия, имя|фамилия"
    "|фамилия и имя|имя|прізвище ім'я|прізвище, ім'я|прізвище|naam|jméno|meno|név|nume|ime|navn|namn"
    "|nimi|vardas|vārds",
    "year": "/|yb|yob|year|born|birth|age|jg|jahrgang|jahrg|an|año|año nac|edad|ano|ano nasc|idade|née|né"
    "|année|naiss|anno|anno nasc|a.n|ru|rok ur|rocznik|rok|yaş|dy|d.yılı|dyılı|doğum yılı|dt"
    "|год рождения|год|год рожд|г.р|гр|рік народження|рік|р.н|gj|gebj|roč|ročník|nar|szül|szül.év"
    "|an naștere|god|født|född|synt|sünd|gim|dz",
    "club": "club|club name|team|team name|verein|mannschaft|equipo|equipa|clube|equipe|équipe|società"
    "|squadra|klub|drużyna|kulüp|kulübü|takım|клуб|команда|область|клуб/область|город|регион|школа"
    "|vereniging|oddíl|oddiel|egyesület|klubs|klubas|seura|förening|forening|σύλλογος",
    "nation": "nat|nation|nationality|country|noc|nf|land|país|pais|pays|naz|nazione|kraj|ülke|страна"
    "|країна|ország|țara|země",
    "class": "class|klasse|sp class|clase|classe|klasa|sınıf|класс|клас",
    "grade": "grade|standard|std|norm|limit|разряд|розряд|вып. разряд|вып.разряд|выполн. разряд|вып|звание|kat|qual|q",
    "reaction": "r.t|rt|reaction|reaction time|reakt|reaktion|reaktionszeit|rz|t.r|tr|reacción|réaction"
    "|reaz|reakcja|reaksiyon|р.в|рв|время реакции",
    "time": "time|result|final time|zeit|endzeit|ergebnis|tiempo|tiempo final|tempo|tempo final|temps"
    "|résultat|tempi|risultato|czas|wynik|zaman|derecesi|süre|время|результат|рез|час|tijd|eindtijd"
    "|čas|idő|időeredmény|timp|vrijeme|tid|aika|aeg|laikas|laiks|χρόνος",
    "seed": "entry time|entry|seed|seed time|meldezeit|meldez|tiempo inscripción|inscripción|t. inscrip"
    "|tempo de inscrição|inscrição|temps d'engagement|engagement|tempo di iscrizione|tempo iscriz"
    "|iscrizione|zgłoszenie|czas zgł|giriş derecesi|giriş zamanı|заявка|заявл. время|заявочное время"
    "|неыв.рез|неыв. рез|зая.рез|заяв.рез|inschrijftijd|přihlášený čas",
    "points": "points|pts|pt|punkte|pkt|pkte|puntos|ptos|pontos|punti|punt|punktów|puan|puanı|очки|очков"
    "|бали|бал|punten|ptn|body|bodů|pont|puncte|bodovi|poäng|poeng|pisteet|punktid|taškai|punkti"
    "|βαθμοί",
    "fina": "fina|aqua|wa|fina points|aqua points|wa points|fina pts|aqua pts|fina-punkte|fina pkt"
    "|ptos. fina|ptos fina|puntos fina|ptos. aqua|ptos aqua|ptos. wa|pontos fina|pts. fina|pts fina"
    "|pts aqua|pts. aqua|points fina|points aqua|punti fina|fina puan|очки fina|очки aqua|очки wa"
    "|pkt. fina|pkt fina|pkt. aqua|punkte aqua|punkte fina",
    "behind": "diff|behind|time behind|rückstand|dif|diferencia|écart|ecart|distacco|strata|fark|отставание|разница",
}
"""Heads of columns. `/` is what stands over the years of birth if the organiser gives their column no name."""

KINDS: Final[tuple[tuple[str, str], ...]] = (
    (
        "start_list",
        "start ?lists?|start ?listen?|lane lists?|heat sheets?|startliste|listas? de saída"
        "|lista de salida|listas de salidas|séries de départ|liste de départ|liste de start"
        "|lista di partenza|lista partenti|start ?list|lista startowa|listy startowe|start ?listesi"
        "|seri listesi|стартовый протокол|стартовые протоколы|стартовий протокол|стартовий список"
        "|start ?lijst|startovní listina|štartovná listina|rajtlista|rajtlisták|lista de start"
        "|startna lista|lähtöluettelo|stardinimekiri|starto sąrašas|programme des séries|startprotokoll"
        "|hitsättning",
    ),
    (
        "entry_list",
        "entry lists?|entries|entry list by event|psych sheets?|meldeliste|meldeergebnis|meldungen"
        "|listas? de inscripciones|lista de inscritos|inscripciones|listas? de inscrições|inscrições"
        "|liste des engagements|liste d'engagement|engagements|lista iscritti|elenco iscritti|iscrizioni"
        "|lista zgłoszeń|zgłoszenia|giriş listesi|kayıt listesi|katılım listesi|список заявок"
        "|список заявленных|заявки|стартовый список|список участников|список учасників|inschrijvingen"
        "|deelnemerslijst|přihlášky|nevezési lista|lista de înscrieri|osallistujat",
    ),
    (
        "medals",
        "medal(?:l?ists?|s)?(?: by event| statistics| table| standings)?|multi(?:ple)? medal+ists?"
        "|medaillengewinner|medaillenspiegel|medaillen(?:statistik|rangliste)?|medallistas|medallero"
        "|medalhistas|quadro de medalhas|médaillés|tableau des médailles|medaglier[ei]|medagliati|medaliści"
        "|klasyfikacja medalowa|tabela medalowa|madalya (?:listesi|tablosu)|madalyalar|медалисты"
        "|медальный зач[её]т|призеры|призёры|призери|медалісти|медальний залік|medailles?piegel"
        "|medailisté|éremtáblázat|winners by event|multi medal+ist",
    ),
    (
        "records",
        "records(?: broken(?: by event)?| list| set)?|record list|rekorde|rekordliste|gebrochene rekorde"
        "|récords?|récords batidos|recordes(?: batidos)?|records battus|liste des records"
        "|record(?: battuti| stabiliti)|rekordy|pobite rekordy|rekorlar|kırılan rekorlar|рекорды"
        "|установленные рекорды|побитые рекорды|рекорди|lista rekordów|verbeterde records|rekordok"
        "|překonané rekordy|time standards|limits|qualifying times",
    ),
    (
        "scores",
        "(?:team|club|combined team) (?:standings|scores?|rankings?|points)|team classification"
        "|medal standings|mannschaftswertung|vereinswertung|punktewertung vereine"
        "|clasificación (?:de|por) (?:clubes|equipos)|puntuación (?:de|por) (?:clubes|equipos)"
        "|classificação (?:de|por) (?:clubes|equipas|equipes)|classement (?:des|par) (?:clubs|équipes)"
        "|classifica (?:di|per|delle|a) (?:società|squadre)|klasyfikacja (?:klubowa|drużynowa)"
        "|punktacja (?:klubowa|drużynowa|klubów)|takım (?:puanları|sıralaması|klasmanı)"
        "|kulüp (?:puanları|sıralaması)|командный зач[её]т|командные очки|командний залік|clubklassement"
        "|ploegenklassement|hodnocení (?:družstev|klubů)|csapatverseny",
    ),
    (
        "rankings",
        "best (?:performances?|swims|swimmers?)(?: by .{1,30})?|point (?:rankings?|scores?|standings)"
        "|rankings?(?: by points)?|points? (?:rankings?|standings|scores?)|top performances"
        "|combined events?|overall rankings?|multi ?event|bestleistungen|beste leistungen"
        "|punktbeste.{0,30}|punktrangliste|punkteliste|mehrkampf(?:wertung)?|gesamtwertung"
        "|mejores (?:marcas|actuaciones)|ranking (?:de|por) puntos"
        "|clasificación (?:general|combinada|por puntos)|prueba combinada|melhores (?:marcas|desempenhos)"
        "|classificação (?:geral|combinada|por pontos)|meilleures performances"
        "|classement (?:aux points|général|combiné|par points)|épreuves? combinées?|migliori prestazioni"
        "|classifica (?:generale|combinata|a punti|per punti)|najlepsze wyniki|klasyfikacja punktowa"
        "|klasyfikacja (?:generalna|indywidualna)|wielobój|en iyi dereceler|puan sıralaması|puan listesi"
        "|çoklu yarış|лучшие результаты|рейтинг.{0,30}|многоборье|личный зач[её]т|найкращі результати"
        "|багатоборство|beste prestaties|puntenklassement|nejlepší výkony|víceboj|legjobb eredmények"
        "|összetett",
    ),
    (
        "results",
        "results?(?: list| summary)?|result ?lists?|ergebnis(?:se|liste)?|resultate?|rangliste"
        "|resultados?(?: finales?| finais)?|lista de resultados|résultats?|liste des résultats|risultati"
        "|wyniki|lista wyników|sonuçlar|sonuç(?: listesi)?|sonuclar|результаты|итоговый протокол"
        "|протокол результатов|результати|uitslag(?:en)?|výsledky|výsledková listina|eredmények"
        "|eredménylista|rezultate|rezultati|resultater|resultatliste|resultatlista|tulokset|tulemused"
        "|rezultatai|rezultāti|αποτελέσματα",
    ),
)
"""What a page is, as patterns; the first that fits the heading counts."""

ROUNDS: Final[tuple[tuple[str, str], ...]] = (
    (
        "swim_off",
        "swim-?\\s?offs?|ausschwimmen|stechen|entscheidungsschwimmen|desempate|barrage|spareggio|baraż"
        "|dogrywka|переплыв|перезаплыв|перепливання|yüzme-?off",
    ),
    (
        "time_trial",
        "time trials?|zeitkontrolle|testzeit|prueba de tiempo|contrôle de temps|tempo prova|прикидка"
        "|контрольный заплыв",
    ),
    (
        "semifinal",
        "semi-?\\s?finals?|halbfinale?|zwischenl(?:auf|äufe)|semi-?finais|semi-?finale[sn]?"
        "|semi-?final(?:es)?|demi-finales?|semifinali|półfinały?|yarı ?final(?:ler)?|полуфинал(?:ы|ьный)?"
        "|півфінали?|halve finales?|semifinále|középdöntő",
    ),
    (
        "prelim",
        "prelim(?:inarie)?s?|preliminary|heats|vorl(?:auf|äufe)|preliminar(?:es)?|eliminatorias?"
        "|eliminatórias?|éliminatoires?|séries|series|serie|batterie|eliminatorie|qualificazioni"
        "|eliminacje|elim|eleme(?:ler)?|seçme(?:ler)?|ön eleme|предварительные(?: заплывы)?"
        "|предварительный|предв|предвар|отбор|попередні(?: запливи)?|series voor|voorronde|rozplavby"
        "|rozplavba|előfutam|serii|kvalifikacije|forsøk|försök|alkuerät|eelujumised",
    ),
    (
        "final",
        "(?:[a-e][ -]?)?finals?(?: [a-e])?|finale[sn]?|finais|final(?:es|i|ler)|finały?"
        "|финалы?(?: [a-eа-е])?|фінали?|finále|timed finals?|direct finals?|direkt final|endl(?:auf|äufe)"
        "|entscheidung(?:slauf)?|döntő|finaal|loppukilpailu|finala|final directa|finale directe"
        "|finale diretta|final por tiempos|serie finale",
    ),
)
"""Words for rounds, as patterns; the first that fits counts, and a sheet without any is of a final."""

STATUSES: Final[dict[str, str]] = {
    **dict.fromkeys(
        ("dsq", "dq", "disq", "disq.", "dis", "dis.", "disk.", "desc.", "descl.", "descal.", "desq."), "DQ"
    ),
    **dict.fromkeys(("sq", "sq.", "squal.", "dysk.", "dyskw.", "dskv", "disqu.", "diskv.", "diskval."), "DQ"),
    **dict.fromkeys(
        ("дискв", "дискв.", "дск", "дск.", "диск.", "дисквал.", "diskalifiye", "disk", "hyl", "hylk."), "DQ"
    ),
    **dict.fromkeys(
        ("dns", "ns", "n.a.", "na", "n.an.", "n.p.", "np", "n.s.", "nsp", "ass.", "ass", "abs", "abs."), "NS"
    ),
    **dict.fromkeys(
        ("nst", "nst.", "nz", "ng", "n.g.", "ngek", "bşl", "yok", "gelmedi", "н/я", "неявка", "н.я."), "NS"
    ),
    **dict.fromkeys(("н/с", "не ст.", "nest.", "ei", "dnc", "flt", "falta", "f.", "npr"), "NS"),
    **dict.fromkeys(
        ("wdr", "scr", "abg.", "abg", "abgem.", "abgemeldet", "baja", "ret.", "forf.", "forf", "ff", "fft"), "SCR"
    ),
    **dict.fromkeys(
        ("wyc.", "wyc", "wycof.", "çek", "снят", "снят.", "снята", "отказ", "afg", "afg.", "afgem.", "lemondott"), "SCR"
    ),
    **dict.fromkeys(
        ("dnf", "aufg.", "aufg", "aufgeg.", "abd", "aband.", "rit.", "rit", "nu", "n.u.", "terk", "сошел"), "DNF"
    ),
    **dict.fromkeys(("сошёл", "сошла", "не фин.", "opg.", "opg"), "DNF"),
    **dict.fromkeys(("dfs",), "DFS"),
    **dict.fromkeys(("exh", "exh.", "a.k.", "ak", "hc", "h.c.", "h.k.", "f.c.", "fc", "fuori", "f.g.", "fg"), "EXH"),
    **dict.fromkeys(
        ("ext", "e.c.", "extra", "pk", "p.k.", "poza", "y.d.", "yd", "в/к", "вк", "п/к", "лично", "b.m."), "EXH"
    ),
}
"""Marks for rows without a place: a status of `Swim.status`, or `EXH` for a swim out of competition."""

GRADES: Final = frozenset(
    "змс|мсмк|мс|кмс|i|ii|iii|iv|iюн|iiюн|iiiюн|iюн.|iiюн.|iiiюн.|1юн|2юн|3юн|1|2|3|1р|2р|3р|iр|iiр|iiiр"
    "|б/р|бр|юн|юн.|р"
    "|msmk|ms|kms|cms|zms|mm|m|m.s|мс рк|кмс рк|і|іі|ііі".split("|")
)
"""Grades of swimmers in the countries east of the Bug, which stand before the club and behind the time."""

POOL: Final = (
    "pool|becken|bahn|schwimmbecken|piscina|piscine|bassin|vasca|basen|pływalni|havuz|havuzu|бассейн"
    "|басейн|bad|zwembad|bazén|medence|uszoda|bazin|bazen|course|bassäng|allas"
)
PAGE: Final = (
    "page|seite|página|pagina|strona|sayfa|страница|стор|сторінка|strana|oldal|pág|str|stranica|side|sida|sivu|lehekülg"
)
REASONS: Final = (
    r"(?:\b(?:SW|GR|WPS|DSV|FINA|AQUA)\s?\d)|disq|disk|disc?al|false start|early|frühstart|fehlstart"
    r"|zu früh|salida|partida|départ|faux|partenza|falstart|erken|hatalı|фальстарт|поворот|касани|нарушен"
    r"|turn|wende|anschlag|touch|kick|stroke|virage|virada|virata|giro|nawrót|dönüş|regel|rule|regla|regra"
    r"|règle|regola"
)
"""What a sentence below a disqualified team holds that the names of its swimmers do not."""
