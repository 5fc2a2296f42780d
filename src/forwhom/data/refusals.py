"""Labels that speak of a missing answer: refused, don't know, not asked, and the like.

The list is of whole labels and of how labels begin or what they hold; capitals, accents,
punctuation and a code in front ("-9. Refused") do not count. Words of ``UNSURE`` can be answers of
their own in the middle of a scale, so they count only at an end of it.

Tests: tests/test_bad_files.py
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache, lru_cache


def _phrases(text: str) -> tuple[str, ...]:
    return tuple(" ".join(phrase.split()) for phrase in text.split("|"))


# The whole label.
WHOLE = _phrases("""
    na|n a|dk|rf|ref|nr|ns|nc|dkna|dkrf|nsnc|dk na|dk rf|dk ref|dk nr|ns nr|ns nc|k a|tnz|nsp|inap|
    iap|niu|miss|sysmis|unk|blank|not applicable|inapplicable|does not apply|unknown|invalid|
    missing|refused|refusal|skipped|skip|no data|no info|no information|no reply|not known|
    uncodeable|uncodable|not coded
""")
# Anywhere in the label, as whole words.
HELD = _phrases("""
    refused to|refused answer|refuses to|refusal|dont know|do not know|doesnt know|did not know|
    dont remember|cant say|cannot say|cant choose|cannot choose|cant recall|
    no answer|no response|non response|nonresponse|not answered|did not answer|didnt answer|
    would not answer|unanswered|not asked|wasnt asked|was not asked|question skipped|
    not ascertained|not stated|not reported|not recorded|not available|not collected|
    not administered|not in universe|not determined|not specified|not obtained|
    prefer not|prefers not|preferred not|rather not|declined to|decline to|declines to|
    system missing|user missing|missing value|missing data|data missing|legitimate skip|
    valid skip|logical skip|skip pattern|item missing|partial interview|
    weiss nicht|keine angabe|keine antwort|verweigert|antwort verweigert|nicht beantwortet|
    fehlender wert|nicht erhoben|nicht gefragt|
    ne sait pas|ne sais pas|sans reponse|non reponse|pas de reponse|refus de|sans objet|
    non concerne|valeur manquante|
    no sabe|no contesta|no responde|sin respuesta|se niega|no aplica|no procede|
    nao sabe|nao respondeu|nao responde|sem resposta|recusou|nao se aplica|
    non sa|non risponde|non applicabile|rifiuta|
    weet niet|geen antwoord|geen opgave|niet van toepassing|weigert|
    vet ikke|ved ikke|vet ej|vet inte|inget svar|ingen svar|onsker ikke|
    nie wiem|trudno powiedziec|odmowa|brak odpowiedzi|brak danych|nie dotyczy|
    bilmiyorum|cevap yok
""")
# How the label begins.
BEGINS = _phrases("refused|missing|not applicable|inapplicable|skipped|manquant|fehlend")
# Russian, and scripts without blanks between words.
ELSEWHERE = _phrases("""
    затрудняюсь|нет ответа|отказ|無回答|わからない|不知道|拒绝回答|不适用|无回答|모름|무응답
""")
UNSURE = _phrases("""
    not sure|unsure|undecided|no opinion|havent thought|havent thought much about this|
    unentschieden|sans opinion|sin opinion
""")

_CODE = re.compile(r"^[(\[]?\s*[-+]?\d+(?:\.\d+)?\s*[)\].:=,-]*\s*")


@cache
def _held() -> re.Pattern[str]:
    """Compiled when a label asks for it."""
    return re.compile(r"\b(?:" + "|".join(HELD) + r")\b")


@lru_cache(maxsize=4096)
def says_missing(label: str, at_an_end: bool = True) -> bool:
    """Whether a label speaks of a missing answer.

    Args:
        label: of a value.
        at_an_end: whether its code is the lowest or the highest of its column.

    >>> [says_missing(text) for text in ("-9. Refused", "Don’t know", "N/A", "Weiß nicht")]
    [True, True, True, True]
    >>> [says_missing(text) for text in ("None", "Never", "No", "Not at all", "Not treated")]
    [False, False, False, False, False]
    """
    said = plain_label(label)
    if not said:
        return False
    if said in WHOLE or _held().search(said) or said.startswith(BEGINS):
        return True
    if any(word in label.casefold() for word in ELSEWHERE):
        return True
    return at_an_end and said in UNSURE


def plain_label(label: str) -> str:
    """A label less its capitals, accents, punctuation and the code in front.

    >>> plain_label("-8. Don't know / refused")
    'dont know refused'
    """
    folded = unicodedata.normalize("NFKD", label.casefold().replace("ß", "ss").replace("ł", "l"))
    folded = "".join(c for c in folded if not unicodedata.combining(c))
    folded = re.sub(r"['’‘`´]", "", _CODE.sub("", folded.strip()))
    return " ".join(re.sub(r"[^\w]+", " ", folded).split())
