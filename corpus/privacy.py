"""Privacy: text -> text in which typed placeholders stand for what leads to one person or opens one account.

A kind of personal data is a finder (corpus/credentials, addresses, identifiers, phones). The finders run one after
the other, each on a text in which what the earlier ones found is blanked out, until none finds anything: a blank and a
placeholder look alike to all of them, so masked text is left as it is. All of it is linear in the text.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import version

from corpus import addresses, credentials, identifiers
from corpus.phones import phones

LIBRARIES = {"phonenumbers": version("phonenumbers")}

BLANK = "\x00"  # stands for what another finder took; normalised text has none

Finder = Callable[[str], Iterator[tuple[int, int]]]

# In this order: what is recognised by its form before what takes a checksum, and phones, the vaguest, last.
FINDERS: dict[str, Finder] = {
    "private_key": credentials.private_keys,
    "api_key": credentials.api_keys,
    "email": addresses.emails,
    "iban": identifiers.ibans,
    "card": identifiers.cards,
    "ssn": identifiers.social_security_numbers,
    "resident_id": identifiers.resident_ids,
    "ip": addresses.ip_addresses,
    "phone": phones,
}
KINDS = tuple(FINDERS)
# A number that touches another one is seen once that is gone. Real text takes two sweeps, one where nothing is found;
# the bound keeps a text that was made to need thousands linear.
SWEEPS = 8


@dataclass(frozen=True, kw_only=True)
class Span:
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


def find(text: str, kinds: Sequence[str] = KINDS) -> list[Span]:
    """Personal data of these kinds, in the order of the text, nothing overlapping."""
    found: list[Span] = []
    rest = text
    for _ in range(SWEEPS):
        before = len(found)
        for kind in KINDS:
            spans = [Span(kind=kind, start=a, stop=b) for a, b in FINDERS[kind](rest)] if kind in kinds else []
            if spans:
                found += spans
                rest = _replaced(rest, spans, lambda span: BLANK * (span.stop - span.start))
        if len(found) == before:
            break
    return sorted(found, key=lambda span: span.start)


def mask(text: str, kinds: Sequence[str] = KINDS) -> Masked:
    """The text with placeholders in the place of these kinds of personal data. Idempotent."""
    spans = find(text, kinds)
    masked = _replaced(text, spans, lambda span: placeholder(span.kind)) if spans else text
    return Masked(text=masked, counts=dict(Counter(span.kind for span in spans)))


def _replaced(text: str, spans: Sequence[Span], replacement: Callable[[Span], str]) -> str:
    pieces, end = [], 0
    for span in spans:
        pieces += [text[end : span.start], replacement(span)]
        end = span.stop
    return "".join([*pieces, text[end:]])
