"""Spelling: whether an English text is written as in Britain or as in the United States, by words that differ in
nothing else. It tells the spelling and not the writer: most of the world learns one of the two at school."""

from __future__ import annotations

import re

BRITISH, AMERICAN, BOTH, NEITHER = "British spelling", "American spelling", "both spellings", "neither spelling"

# Of each pair one country writes the first and the other the second. Left out: -ise and -ize, which are both British,
# and words with another sense in the other country (programme, licence, metre, tyre, cheque, storey).
PAIRS = (
    *("colour color", "colours colors", "coloured colored", "favour favor", "favourite favorite", "honour honor"),
    *("honoured honored", "labour labor", "neighbour neighbor", "neighbours neighbors", "behaviour behavior"),
    *("neighbourhood neighborhood", "flavour flavor", "flavours flavors", "harbour harbor", "humour humor"),
    *("rumour rumor", "rumours rumors", "endeavour endeavor", "centre center", "centres centers", "theatre theater"),
    *("fibre fiber", "litre liter", "litres liters", "kilometre kilometer", "kilometres kilometers", "grey gray"),
    *("defence defense", "offence offense", "travelled traveled", "travelling traveling", "traveller traveler"),
    *("cancelled canceled", "modelling modeling", "labelled labeled", "fuelled fueled", "jewellery jewelry"),
    *("marvellous marvelous", "analyse analyze", "analysed analyzed", "paralysed paralyzed", "aluminium aluminum"),
    *("sceptical skeptical", "plough plow", "mould mold", "moustache mustache", "pyjamas pajamas", "mum mom"),
    *("maths math", "enrolment enrollment", "fulfil fulfill", "skilful skillful", "manoeuvre maneuver"),
    *("anaemia anemia", "oestrogen estrogen", "paediatric pediatric", "haemoglobin hemoglobin"),
)
WORDS = {word: side for pair in PAIRS for word, side in zip(pair.split(), (BRITISH, AMERICAN), strict=True)}
WORD = re.compile(r"[a-z]+")


def find_spelling(text: str) -> str:
    """By how often words of each side stand in the text: BOTH where the rarer side has a fifth of them or more."""
    found = [WORDS[word] for word in WORD.findall(text.lower()) if word in WORDS]
    if not found:
        return NEITHER
    british = found.count(BRITISH) / len(found)
    return BRITISH if british > 0.8 else AMERICAN if british < 0.2 else BOTH
