"""Words that name strokes, sexes, units and relays in the titles of events, in the languages sheets are printed in.

They stand here as `plain` leaves them: in small letters, without accents.
"""

from __future__ import annotations

import unicodedata
from typing import Final

_LETTERS: Final = str.maketrans({"ı": "i", "ł": "l", "ß": "ss", "ø": "o", "’": "'"})

STROKES: Final[dict[str, str]] = {
    word: code
    for code, words in {
        "FR": "free freestyle freistil libre libres livre crawl crol libero dowolny dowolnym dowolna serbest вольныи"
        " вольным вольного в/с кроль",
        "BK": "back backstroke rucken ruckenschwimmen espalda costas dos dorso grzbietowy grzbietowym sirtustu sirt"
        " спине спина",
        "BR": "breast breaststroke brust brustschwimmen pecho braza brucos peito brasse rana klasyczny klasycznym"
        " kurbagalama брасс брассом",
        "FL": "fly butterfly schmetterling delphin delfin mariposa borboleta papillon farfalla delfino motylkowy"
        " motylkowym kelebek баттерфляи дельфин баттерфляем",
        "IM": "im medley lagen combinado comb combinados estilos ci medleys nages misti zmienny zmiennym karisik"
        " комплекс комплексное комплексного медли к/п комбинированная комбинированныи",
    }.items()
    for word in words.split()
}
SEXES: Final[dict[str, str]] = {
    word: code
    for code, words in {
        "F": "women woman women's womens girls girl ladies female frauen weiblich madchen damen mujeres damas fem"
        " femenino femenina feminino feminin feminine dames femmes filles femminile femmine donne ragazze kobiet"
        " kobiety dziewczat dziewczeta kadin kadinlar kizlar bayan bayanlar женщины женщин девушки девушек девочки"
        " девочек жен",
        "M": "men man men's mens boys boy male herren manner mannlich jungen hombres varones masc masculino masculin"
        " messieurs hommes garcons maschile maschi uomini ragazzi mezczyzn mezczyzni chlopcow chlopcy erkek erkekler"
        " мужчины мужчин юноши юношеи мальчики мальчиков муж",
        "X": "mixed mixto misto mixte mix mikst miksty karma микст смешанная смешанныи",
    }.items()
    for word in words.split()
}
PARTS_OF_STROKES: Final = frozenset(
    "kick kicks kicking pull glide underwater beine beinschlag beinarbeit armzug patada pernas jambes gambe".split()
)
"""A race of legs alone is no race of the stroke."""
RELAYS: Final = frozenset(
    "relay staffel relevo relevos relais estafeta estafetas revezamento staffetta mistaffetta sztafeta bayrak эстафета"
    " эстафетное эстафетное".split()
)


def plain(text: str) -> str:
    """Small letters without accents."""
    taken_apart = unicodedata.normalize("NFKD", text.casefold().translate(_LETTERS))
    return "".join(sign for sign in taken_apart if not unicodedata.combining(sign))
