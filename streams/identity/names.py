"""First names, last names, gender and stable ids.

Names are lower case without punctuation; space goes too, as Meta's pixel does it (docs/platforms.md).
Sources: Meta "Customer Information Parameters" (fn, ln, ge, external_id), TikTok "Events API 2.0"
(first_name, last_name, external_id), read November 2026.
"""

from __future__ import annotations

from streams.identity.text import bare, fold, unaccented
from streams.identity.values import Bad

# English, German, French, Spanish, Portuguese, Italian, Dutch, Scandinavian, Polish, Czech, Russian, Turkish,
# Greek, Japanese, Chinese, Korean, Arabic. A letter stands only where no language reads it the other way.
_FEMALE = (
    "f female woman girl lady w weiblich frau femme feminin feminine femminile femenino feminino mujer mulher "
    "donna femmina vrouw vrouwelijk kvinna kvinne kvinde kvinnlig nainen kobieta kobiecy zena ж жен женский "
    "женщина kadın kadin γυναικα θηλυ 女 女性 女子 여 여성 여자 أنثى انثى mrs ms miss"
)
_MALE = (
    "m male man boy mann mannlich maennlich homme masculin masculine maschile masculino hombre homem uomo maschio "
    "mannelijk manlig mies mezczyzna meski muz м муж мужской мужчина erkek ανδρας αρρεν 男 男性 "
    "男子 남 남성 남자 ذكر mr"
)
_GENDERS = {unaccented(word): code for words, code in ((_FEMALE, "f"), (_MALE, "m")) for word in words.split()}

# What a page sends when it knows nobody; as an id it would make all of its guests one person.
_NOBODY = frozenset({"undefined", "null", "none", "nan", "[object object]", "(not set)"})


def name(text: str, region: str = "") -> str | Bad:
    """`Mary-Ann` -> `maryann`, `Valéry` -> `valéry`; every script is kept."""
    return bare(text, "LMN") or Bad("has no letters")


def gender(text: str, region: str = "") -> str | Bad:
    """`Female` -> `f`. Anything but a word for one of the two has no form at the platforms."""
    return _GENDERS.get(unaccented(fold(text))) or Bad("is neither f nor m")


def external_id(text: str, region: str = "") -> str | Bad:
    """A stable id, trimmed, case kept: it has to be the same in every channel."""
    ident = fold(text)
    if ident.lower() in _NOBODY:
        return Bad("is a placeholder")
    return ident if ident.isprintable() else Bad("has control characters")
