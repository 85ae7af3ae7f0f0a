"""The names of months in the languages that tables are written in."""

from __future__ import annotations

from typing import Final

MONTHS: Final[tuple[tuple[str, ...], ...]] = tuple(
    tuple(words.split())
    for words in (
        "january jan januar jänner janvier janv enero ene gennaio gen januari janeiro styczeń stycznia sty "
        "leden ledna led tammikuu ocak oca январь января янв",
        "february feb februar feber février févr fév fevrier febrero febbraio februari fevereiro fev luty "
        "lutego lut únor února úno helmikuu şubat şub февраль февраля фев",
        "march mar märz mär mrz mars marzo maart mrt março marzec marca březen března bře maaliskuu mart март "
        "марта мар",
        "april apr avril avr abril abr aprile kwiecień kwietnia kwi duben dubna dub huhtikuu nisan nis апрель "
        "апреля апр",
        "may mai mayo maggio mag mei maio maj maja květen května kvě toukokuu mayıs май мая",
        "june jun juni juin junio giugno giu junho czerwiec czerwca cze červen června kesäkuu haziran haz "
        "июнь июня июн",
        "july jul juli juillet juil julio luglio lug julho lipiec lipca lip červenec července heinäkuu temmuz "
        "tem июль июля июл",
        "august aug août aout agosto ago augustus augusti sierpień sierpnia sie srpen srpna srp elokuu "
        "ağustos ağu август августа авг",
        "september sept sep septembre septiembre settembre set setembro wrzesień września wrz září zář "
        "syyskuu eylül eyl сентябрь сентября сен сент",
        "october oct oktober okt octobre octubre ottobre ott outubro out październik października paź říjen "
        "října říj lokakuu ekim eki октябрь октября окт",
        "november nov novembre noviembre novembro listopad listopada lis listopadu marraskuu kasım kas ноябрь "
        "ноября ноя нояб",
        "december dec dezember dez décembre déc decembre diciembre dic dicembre dezembro desember des "
        "grudzień grudnia gru prosinec prosince pro joulukuu aralık ara декабрь декабря дек",
    )
)
"""From January on, in small letters: English, German, French, Spanish, Italian, Dutch, Portuguese, Polish, Czech,
Finnish, the Scandinavian languages, Turkish and Russian, with the abbreviations that are in use."""
