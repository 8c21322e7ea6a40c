"""Identifiers: where in a text e-mail and IP addresses, account numbers and identity numbers stand.

Each finder yields (start, stop) in order. A pattern only nominates; a checksum, a table of lengths or a parser decides.
Patterns are possessive or bounded and begin where nothing of their own can precede, so that none can backtrack for long.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from ipaddress import IPv4Address, ip_address

BLANK = "\x00"  # stands for what another finder took; normalised text has none
DASHES = "\\-\u2010-\u2015\u2212\uff0d"

# E-mail -------------------------------------------------------------------------------------------------------------

# RFC 5321 as people write it, and "at" and "dot" in brackets, which hide an address from harvesters. Letters beyond
# ASCII are those of alphabets: in Chinese, Japanese and Korean an address touches the sentence.
ALPHABETS = "A-Za-z0-9\u00c0-\u024f\u0370-\u03ff\u0400-\u04ff"
WORD = ALPHABETS + "_"
AT = re.compile(r"[@＠\[({](?:(?<=[@＠])|(?<![@＠]) ?(?:at|@) ?[\])}] ?)", re.IGNORECASE)
LOCAL_BACKWARDS = re.compile(f"[{ALPHABETS}_.+%&'~{DASHES}]{{1,128}}+")
DOT = r"(?:\.| ?[\[({] ?(?:dot|\.) ?[\])}] ?)"
DOMAIN = re.compile(f"(?:[{ALPHABETS}{DASHES}]{{1,63}}+{DOT}){{1,9}}([A-Za-z\u00c0-\u04ff]{{2,24}}+|xn--\\w{{2,59}}+)", re.I)
PICTURES = ("png", "jpg", "jpeg", "gif", "svg", "webp")  # icon@2x.png


def emails(text: str) -> Iterator[tuple[int, int]]:
    end = 0
    for at in AT.finditer(text):
        before = text[max(end, at.start() - 128) : at.start()]
        if at.end() - at.start() > 1:
            before = before.removesuffix(" ")
        local = LOCAL_BACKWARDS.match(before[::-1])
        domain = DOMAIN.match(text, at.end())
        if local is None or domain is None or domain.group(1).lower() in PICTURES:
            continue
        name = local.group()[::-1].lstrip(".'&~%-")
        if name:
            stop = max(end, at.start() - 128) + len(before)
            end = domain.end()
            yield stop - len(name), end


# IP addresses -------------------------------------------------------------------------------------------------------

IPV4 = re.compile(rf"[0-9](?<![{WORD}.][0-9])(?<![A-Za-z]/[0-9])[0-9]{{0,2}}+(?:\.[0-9]{{1,3}}+){{3}}+(?![{WORD}]|\.[0-9])")
IPV6_COLON = re.compile(r":(?=:|[0-9A-Fa-f]{1,4}:)")
IPV6_FIRST_GROUP = re.compile(rf"(?<![{WORD}.:])[0-9A-Fa-f]{{0,4}}\Z")
IPV6 = re.compile(rf"[0-9A-Fa-f:]{{3,39}}+(?:\.[0-9]{{1,3}}+){{0,3}}+(?![{WORD}:])")
NUMBERED = re.compile(r"(?:version|ver|v|release|build|revision|section|sec|chapter|clause|§)\.?:? ?\Z", re.IGNORECASE)
ADDRESSED = re.compile(r"\b(?:ip|ipv4|address|addr|host|server|from|dns|gateway|ping)\b[^\n]{0,8}\Z", re.IGNORECASE)


def ip_addresses(text: str) -> Iterator[tuple[int, int]]:
    """Addresses that may name a machine: private ones do within their network, and those for documentation are what a
    log's author put in place of real ones. Loopback, unspecified, multicast, reserved and masks (240.0.0.0/4) never do.
    """
    found = [match.span() for match in IPV4.finditer(text) if _names_machine_v4(text, match)]
    if "::" in text or text.count(":") >= 7:
        found += _ipv6(text)
    yield from sorted(found)


def _ipv6(text: str) -> Iterator[tuple[int, int]]:
    end = 0
    for colon in IPV6_COLON.finditer(text):
        if colon.start() < end:
            continue
        first = IPV6_FIRST_GROUP.search(text, max(0, colon.start() - 5), colon.start())
        match = IPV6.match(text, first.start()) if first else None
        if match is not None:
            end = match.end()
            if _names_machine_v6(match.group()):
                yield match.span()


def _names_machine_v4(text: str, match: re.Match[str]) -> bool:
    try:
        address = IPv4Address(match.group())
    except ValueError:
        return False
    if address.is_loopback or address.is_unspecified or address.is_multicast or address.is_reserved:
        return False
    before = text[max(0, match.start() - 24) : match.start()]
    if NUMBERED.search(before):
        return False
    # Four numbers of one digit are one address in 400,000, but most versions and sections.
    return match.end() - match.start() > len("1.2.3.4") or ADDRESSED.search(before) is not None


def _names_machine_v6(candidate: str) -> bool:
    """Shortened ones need a first group of four digits, as all addresses in use have: `a::b` is code."""
    if "::" in candidate and not (candidate[4:5] == ":" and any(map(str.isdigit, candidate))):
        return False
    try:
        address = ip_address(candidate)
    except ValueError:
        return False
    return not (address.is_loopback or address.is_unspecified or address.is_multicast)


# Payment cards ------------------------------------------------------------------------------------------------------

# ISO/IEC 7812: the issuer's range and lengths; digits in one run or grouped as on cards.
CARD = re.compile(
    rf"[0-9](?<![{WORD}.][0-9])(?<![0-9][,/{DASHES}][0-9])"
    rf"(?:[0-9]{{11,18}}+|[0-9]{{3}}(?:[ \u00a0{DASHES}][0-9]{{4}}){{2,3}}+(?:[ \u00a0{DASHES}][0-9]{{1,4}}+)?+"
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


def cards(text: str) -> Iterator[tuple[int, int]]:
    for match in CARD.finditer(text):
        digits = _digits(match.group())
        if _issued(digits) and luhn(digits):
            yield match.span()


def _issued(digits: str) -> bool:
    return any(low <= digits[: len(low)] <= high and len(digits) in lengths for low, high, lengths in ISSUERS)


def luhn(digits: str) -> bool:
    """ISO/IEC 7812-1, annex B."""
    doubled = (int(digit) * (1 + place % 2) for place, digit in enumerate(reversed(digits)))
    return sum(value - 9 if value > 9 else value for value in doubled) % 10 == 0


# Bank accounts ------------------------------------------------------------------------------------------------------

IBAN = re.compile(
    r"[0-9](?<=[A-Za-z]{2}[0-9])(?<!\w[A-Za-z]{2}[0-9])[0-9](?:[ \u00a0-]?[A-Za-z0-9]){11,30}+", re.ASCII
)  # from its first digit, which is rarer than its first letter
# SWIFT's IBAN registry, release 99: country and length.
IBAN_LENGTHS = {
    pair[:2]: int(pair[2:])
    for pair in (
        "AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BI27 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DJ27 DK18 DO28 EE20 EG29 "
        "ES24 FI18 FK18 FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28 HN28 HR21 HU28 IE22 IL23 IQ23 IS26 IT27 JO30 KW30 KZ20 "
        "LB28 LC32 LI21 LT20 LU20 LV21 LY25 MC27 MD24 ME22 MK19 MN20 MR27 MT31 MU30 NI28 NL18 NO15 OM23 PK24 PL28 PS29 "
        "PT25 QA29 RO24 RS22 RU33 SA24 SC31 SD18 SE24 SI19 SK24 SM27 SO23 ST25 SV28 TL23 TN24 TR26 UA29 VA22 VG24 XK20 "
        "YE30"
    ).split()
}


def ibans(text: str) -> Iterator[tuple[int, int]]:
    for match in IBAN.finditer(text):
        start = match.start() - 2
        length = IBAN_LENGTHS.get(text[start : start + 2].upper())
        places = [place for place in range(start, match.end()) if text[place].isalnum()]
        if length is None or len(places) < length:
            continue
        stop = places[length - 1] + 1
        if not text[stop : stop + 1].isalnum() and mod_97(text[start:stop]):
            yield start, stop


def mod_97(iban: str) -> bool:
    """ISO 13616: with the first four characters behind the others and letters as 10 to 35, the rest by 97 is 1."""
    signs = "".join(sign for sign in iban if sign.isalnum())
    return int("".join(str(int(sign, 36)) for sign in signs[4:] + signs[:4])) % 97 == 1


# Identity numbers ---------------------------------------------------------------------------------------------------

SSN = re.compile(
    rf"[0-9](?<![{WORD}.][0-9])(?<![0-9{DASHES}][{DASHES}][0-9])[0-9]{{2}}([{DASHES} ]?)[0-9]{{2}}\1[0-9]{{4}}"
    rf"(?![{WORD}{DASHES}]|[.,][0-9])"
)
SSN_NAMED = re.compile(r"(?:\bssn|social security)\b[^\d\n]{0,24}\Z", re.IGNORECASE)


def social_security_numbers(text: str) -> Iterator[tuple[int, int]]:
    """AAA-GG-SSSS with an area, group and serial that can be (20 CFR 422.103); without hyphens only where it is named."""
    for match in SSN.finditer(text):
        digits = _digits(match.group())
        possible = digits[:3] not in ("000", "666") and digits[0] != "9" and "00" != digits[3:5] and digits[5:] != "0000"
        separated = match.group(1) not in ("", " ")
        if possible and (separated or SSN_NAMED.search(text[max(0, match.start() - 48) : match.start()])):
            yield match.span()


RESIDENT_ID = re.compile(r"[1-9](?<![A-Za-z0-9_.][0-9])[0-9]{16}[0-9Xx](?![A-Za-z0-9_])")
PROVINCES = frozenset(
    (*range(11, 16), *range(21, 24), *range(31, 38), *range(41, 47), *range(50, 55), *range(61, 66), 71, 81, 82, 83)
)


def resident_ids(text: str) -> Iterator[tuple[int, int]]:
    """GB 11643: province and place, date of birth, serial, and a check character by ISO 7064 MOD 11-2."""
    for match in RESIDENT_ID.finditer(text):
        number = match.group()
        if int(number[:2]) in PROVINCES and _is_date(number[6:14]) and mod_11_2(number):
            yield match.span()


def mod_11_2(number: str) -> bool:
    """ISO 7064: the characters weighed by powers of 2 from the right sum to 1 by 11; X is 10."""
    values = (10 if sign in "Xx" else int(sign) for sign in reversed(number))
    return sum(value * pow(2, place, 11) for place, value in enumerate(values)) % 11 == 1


def _is_date(digits: str) -> bool:
    try:
        return 1850 <= date(int(digits[:4]), int(digits[4:6]), int(digits[6:])).year <= 2100
    except ValueError:
        return False


def _digits(text: str) -> str:
    return "".join(sign for sign in text if sign.isdigit())
