"""First names, last names, gender and stable ids.

Names are lower case without punctuation; space goes too, as Meta's pixel does it (docs/platforms.md).
Sources: Meta "Customer Information Parameters" (fn, ln, ge, external_id), TikTok "Events API 2.0"
(first_name, last_name, external_id), read November 2026.
"""

from __future__ import annotations

import re

from streams.identity.text import bare, has_letter, unaccented
from streams.identity.values import Bad

MAX_NAME = 200  # characters; the longest names on record have about as many

# Nouns, adjectives and forms of address, by language: English, German, Dutch, Swedish, Danish, Norwegian, Finnish,
# French, Spanish, Portuguese, Italian, Romanian, Catalan, Polish, Czech, Croatian, Hungarian, Lithuanian, Latvian,
# Estonian, Turkish, Indonesian, Vietnamese, Russian, Ukrainian, Bulgarian, Greek, Hebrew, Arabic, Persian, Hindi,
# Thai, Chinese, Japanese, Korean. A single letter stands only where no language reads it the other way (`h` is
# homme or hölgy, `v` is vrouw or vyras); `no` for Hungarian nő is left out because it is English, too,
# Catalan home and Chinese 先生 because they mean other things elsewhere.
_FEMALE = """
    f female woman girl lady mrs ms miss madam she sheher sheherhers w weiblich frau vrouw vrouwelijk mevrouw
    kvinna kvinnlig kvinne kvinde kvindelig nainen femme féminin feminine mme madame mlle mujer femenino
    señora sra mulher feminino senhora donna femmina femminile signora femeie feminin dona femení kobieta
    kobiecy pani žena ženské ženský žensko ženski asszony moteris sieviete naine kadın kız bayan perempuan
    wanita nữ ж жен женский женщина жінка жіноча жена γυναίκα θήλυ נקבה אישה أنثى انثى امرأة زن مؤنث महिला
    स्त्री หญิง 女 女性 女子 女士 여 여성 여자
"""
_MALE = """
    m male man boy gentleman mr mister he hehim hehimhis mann männlich herr man mannelijk dhr manlig mand
    mandlig mannlig mies homme masculin masculine monsieur hombre masculino señor sr homem senhor uomo
    maschio maschile signor bărbat masculí mężczyzna męski pan muž mužské mužský muško muški férfi vyras
    vīrietis mees erkek bay laki-laki pria lelaki nam м муж мужской мужчина чоловік чоловіча мъж άνδρας άρρεν
    זכר גבר ذكر رجل مرد مذكر पुरुष ชาย 男 男性 男子 남 남성 남자
"""
_GENDERS = {unaccented(word): code for words, code in ((_FEMALE, "f"), (_MALE, "m")) for word in words.split()}

# Guests as shops write them: WordPress has user 0, advertising ids are zeroed when tracking is refused.
_NOBODY = frozenset({"null", "none", "nan", "nil", "guest", "anonymous", "unknown", "true", "false"})
_ZERO = re.compile(r"-?[0-]*|-1")


def name(text: str, region: str = "") -> str | Bad:
    """`Mary-Ann` -> `maryann`, `Valéry` -> `valéry`; every script is kept."""
    plain = bare(text, "LN")
    if not has_letter(plain):
        return Bad("has no letters")
    return plain if len(plain) <= MAX_NAME else Bad(f"is longer than {MAX_NAME} characters")


def gender(text: str, region: str = "") -> str | Bad:
    """`Female` -> `f`. Anything but a word for one of the two has no form at the platforms."""
    return _GENDERS.get(unaccented(text)) or Bad("is neither f nor m")


def external_id(text: str, region: str = "") -> str | Bad:
    """A stable id, trimmed, case kept: it has to be the same in every channel."""
    if text.lower() in _NOBODY or _ZERO.fullmatch(text):
        return Bad("is a placeholder")
    return text if text.isprintable() else Bad("has control characters")
