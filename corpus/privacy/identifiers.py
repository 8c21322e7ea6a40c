"""Identifiers: where in a text the numbers of cards, bank accounts and people stand.

Each finder yields (start, stop) in order. A pattern only nominates; a checksum, a table of lengths or a parser decides.
Patterns are possessive or bounded and begin where nothing of their own can precede, so that none backtracks for long.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date

from corpus.privacy.addresses import DASHES, WORD
from corpus.text.normal_form import atomic

# Payment cards ------------------------------------------------------------------------------------------------------

# ISO/IEC 7812: the issuer's range and lengths; digits in one run or grouped as on cards.
NBSP = "\u00a0"
CARD = re.compile(
    rf"[0-9](?<![{WORD}.][0-9])(?<![0-9][,/{DASHES}][0-9])"
    rf"(?:[0-9]{{11,18}}+"
    rf"|[0-9]{{3}}{atomic('fours', f'(?:[ {NBSP}{DASHES}][0-9]{{4}}){{2,3}}(?:[ {NBSP}{DASHES}][0-9]{{1,4}})?')}"
    rf"|[0-9]{{3}}[ \u00a0{DASHES}][0-9]{{6}}[ \u00a0{DASHES}][0-9]{{4,5}}+)(?![{WORD}]|[.,][0-9])"
)
MAESTRO = tuple(range(12, 20))
ISSUERS = (  # first digits from, to; lengths
    ("4", "4", (13, 16, 18, 19)),  # Visa
    ("51", "55", (16,)),  # Mastercard
    ("2221", "2720", (16,)),
    ("34", "34", (15,)),  # American Express
    ("37", "37", (15,)),
    ("300", "305", (14, 16, 19)),  # Diners Club
    ("36", "36", (14, 16, 19)),
    ("38", "39", (14, 16, 19)),
    ("6011", "6011", (16, 19)),  # Discover
    ("644", "659", (16, 19)),
    ("62", "62", (16, 17, 18, 19)),  # UnionPay
    ("35", "35", (16, 17, 18, 19)),  # JCB
    ("1800", "1800", (15,)),
    ("2131", "2131", (15,)),
    ("50", "50", MAESTRO),
    ("56", "58", MAESTRO),
    ("6304", "6304", MAESTRO),
    ("6759", "6763", MAESTRO),
    ("2200", "2204", (16, 17, 18, 19)),  # Mir
    ("60", "60", (16,)),  # RuPay
    ("81", "82", (16,)),
)


def find_cards(text: str) -> Iterator[tuple[int, int]]:
    for match in CARD.finditer(text):
        digits = _digits(match.group())
        if _issued(digits) and passes_luhn(digits):
            yield match.span()


def _issued(digits: str) -> bool:
    return any(low <= digits[: len(low)] <= high and len(digits) in lengths for low, high, lengths in ISSUERS)


def passes_luhn(digits: str) -> bool:
    """ISO/IEC 7812-1, annex B."""
    doubled = (int(digit) * (1 + position % 2) for position, digit in enumerate(reversed(digits)))
    return sum(value - 9 if value > 9 else value for value in doubled) % 10 == 0


# Bank accounts ------------------------------------------------------------------------------------------------------

IBAN = re.compile(
    r"[0-9](?<=[A-Za-z]{2}[0-9])(?<!\w[A-Za-z]{2}[0-9])[0-9](?:[ \u00a0-]?[A-Za-z0-9]){11,30}", re.ASCII
)  # from its first digit, which is rarer than its first letter
# SWIFT's IBAN registry, release 99: length, countries.
COUNTRIES = {
    15: "NO",
    16: "BE",
    18: "DK FI FK FO GL NL SD",
    19: "MK SI",
    20: "AT BA EE KZ LT LU MN XK",
    21: "CH HR LI LV",
    22: "BG BH CR DE GB GE IE ME RS VA",
    23: "AE GI IL IQ OM SO TL",
    24: "AD CZ ES MD PK RO SA SE SK TN VG",
    25: "LY PT ST",
    26: "IS TR",
    27: "BI DJ FR GR IT MC MR SM",
    28: "AL AZ BY CY DO GT HN HU LB NI PL SV",
    29: "BR EG PS QA UA",
    30: "JO KW MU YE",
    31: "MT SC",
    32: "LC",
    33: "RU",
}
IBAN_LENGTHS = {country: length for length, countries in COUNTRIES.items() for country in countries.split()}


def find_ibans(text: str) -> Iterator[tuple[int, int]]:
    for match in IBAN.finditer(text):
        start = match.start() - 2
        length = IBAN_LENGTHS.get(text[start : start + 2].upper())
        positions = [position for position in range(start, match.end()) if text[position].isalnum()]
        if length is None or len(positions) < length:
            continue
        stop = positions[length - 1] + 1
        if not text[stop : stop + 1].isalnum() and mod_97(text[start:stop]):
            yield start, stop


def mod_97(iban: str) -> bool:
    """ISO 13616: with the first four characters after the others and letters as 10 to 35, the rest by 97 is 1."""
    signs = "".join(sign for sign in iban if sign.isalnum())
    return int("".join(str(int(sign, 36)) for sign in signs[4:] + signs[:4])) % 97 == 1


# Identity numbers ---------------------------------------------------------------------------------------------------

SSN = re.compile(
    rf"[0-9](?<![{WORD}.][0-9])(?<![0-9{DASHES}][{DASHES}][0-9])[0-9]{{2}}([{DASHES} ]?)[0-9]{{2}}\1[0-9]{{4}}"
    rf"(?![{WORD}{DASHES}]|[.,][0-9])"
)
SSN_NAMED = re.compile(r"(?:\bssn|social security)\b[^\d\n]{0,24}\Z", re.IGNORECASE)


def find_social_security_numbers(text: str) -> Iterator[tuple[int, int]]:
    """AAA-GG-SSSS with an area, group and serial that exist (20 CFR 422.103); without hyphens only where named."""
    for match in SSN.finditer(text):
        digits = _digits(match.group())
        possible = (
            digits[:3] not in ("000", "666") and digits[0] != "9" and digits[3:5] != "00" and digits[5:] != "0000"
        )
        separated = match.group(1) not in ("", " ")
        if possible and (separated or SSN_NAMED.search(text[max(0, match.start() - 48) : match.start()])):
            yield match.span()


RESIDENT_ID = re.compile(r"[1-9](?<![A-Za-z0-9_.][0-9])[0-9]{16}[0-9Xx](?![A-Za-z0-9_])")
PROVINCES = frozenset(
    (*range(11, 16), *range(21, 24), *range(31, 38), *range(41, 47), *range(50, 55), *range(61, 66), 71, 81, 82, 83)
)


def find_resident_ids(text: str) -> Iterator[tuple[int, int]]:
    """GB 11643: province and place, date of birth, serial, and a check character by ISO 7064 MOD 11-2."""
    for match in RESIDENT_ID.finditer(text):
        number = match.group()
        if int(number[:2]) in PROVINCES and _is_date(number[6:14]) and mod_11_2(number):
            yield match.span()


def mod_11_2(number: str) -> bool:
    """ISO 7064: the characters weighed by powers of 2 from the right sum to 1 by 11; X is 10."""
    values = (10 if sign in "Xx" else int(sign) for sign in reversed(number))
    return sum(value * pow(2, position, 11) for position, value in enumerate(values)) % 11 == 1


def _is_date(digits: str) -> bool:
    try:
        return 1850 <= date(int(digits[:4]), int(digits[4:6]), int(digits[6:])).year <= 2100
    except ValueError:
        return False


def _digits(text: str) -> str:
    return "".join(sign for sign in text if sign.isdigit())
