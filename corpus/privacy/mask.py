"""Privacy: text -> text in which typed placeholders stand for what leads to one person or opens one account.

A kind of personal data is a finder (credentials, addresses, identifiers, phones). The finders run one after
the other, each on a text in which what the earlier ones found is blanked out, until none finds anything: a blank and a
placeholder look alike to all of them, so masked text is left as it is. All of it is linear in the text.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import version

from corpus.privacy import addresses, credentials, identifiers
from corpus.privacy.phones import GAP, find_phones

LIBRARIES = {"phonenumbers": version("phonenumbers")}

BLANK = "\x00"  # stands for what another finder took; normalised text has none

Finder = Callable[[str], Iterator[tuple[int, int]]]

# In this order: what is recognised by its form before what takes a checksum, and phones, the vaguest, last.
FINDERS: dict[str, Finder] = {
    "private_key": credentials.find_private_keys,
    "api_key": credentials.find_api_keys,
    "email": addresses.find_emails,
    "iban": identifiers.find_ibans,
    "card": identifiers.find_cards,
    "ssn": identifiers.find_social_security_numbers,
    "resident_id": identifiers.find_resident_ids,
    "ip": addresses.find_ip_addresses,
    "phone": find_phones,
}
KINDS = tuple(FINDERS)
# The digits that a number of these kinds has at least, with nothing but GAPs between them. Most texts have nowhere so
# many, and to find that out for all four costs less than one finder's look at every digit.
LEAST_DIGITS = {"card": 12, "ssn": 9, "resident_id": 17, "phone": 6}
GAPS = "".join(re.findall(GAP, "".join(map(chr, range(0x10000))))).encode()
AS_ZEROS = bytes(ord("0") if byte in b"0123456789" else byte for byte in range(256))
# A number that touches another one is seen once that is gone. Real text takes two sweeps, one where nothing is found;
# the bound keeps a text that was made to need thousands linear.
SWEEPS = 8


@dataclass(frozen=True, kw_only=True)
class PersonalData:
    """text[start:stop] is of this kind."""

    kind: str
    start: int
    stop: int


@dataclass(frozen=True, kw_only=True)
class Masked:
    """`counts`: placeholders put in, by kind; kinds without any are missing."""

    text: str
    counts: dict[str, int]


def placeholder(kind: str) -> str:
    return f"<{kind.upper()}>"


def find_identifiers(text: str, kinds: Sequence[str] = KINDS) -> list[PersonalData]:
    """Personal data of these kinds, in the order of the text, nothing overlapping."""
    found: list[PersonalData] = []
    rest = text
    absent = _absent(text)
    for _ in range(SWEEPS):
        before = len(found)
        for kind in KINDS:
            if kind not in kinds or kind in absent:
                continue
            spans = [PersonalData(kind=kind, start=a, stop=b) for a, b in FINDERS[kind](rest)]
            if spans:
                found += spans
                rest = _replaced(rest, spans, lambda span: BLANK * (span.stop - span.start))
        if len(found) == before:
            break
    return sorted(found, key=lambda span: span.start)


def mask_text(text: str, kinds: Sequence[str] = KINDS) -> Masked:
    """The text with placeholders in the place of these kinds of personal data. Idempotent."""
    spans = find_identifiers(text, kinds)
    masked = _replaced(text, spans, lambda span: placeholder(span.kind)) if spans else text
    return Masked(text=masked, counts=dict(Counter(span.kind for span in spans)))


def _absent(text: str) -> set[str]:
    """Kinds of numbers that the text has not enough digits in a row for; with blanks in it, it has no more of them."""
    digits = text.encode("utf-8", "replace").translate(AS_ZEROS, GAPS)
    return {kind for kind, least in LEAST_DIGITS.items() if b"0" * least not in digits}


def _replaced(text: str, spans: Sequence[PersonalData], replacement: Callable[[PersonalData], str]) -> str:
    pieces, end = [], 0
    for span in spans:
        pieces += [text[end : span.start], replacement(span)]
        end = span.stop
    return "".join([*pieces, text[end:]])
