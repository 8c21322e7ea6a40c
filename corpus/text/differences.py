"""Differences: two texts side by side, cut down to where they differ.

What they share at both ends is cut off first, in one pass; of the rest so many words are compared that the time is
bounded whatever the texts are: difflib's grows with the square of their number, or worse.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import takewhile

from corpus.text.normal_form import WORD

CHARACTERS = 20_000  # of each text
COMPARED = 1_000  # words between what is shared at both ends
SHOWN, AROUND = 300, 25  # words of each text, and of a run at each of its ends
CUT = " … "
TOKEN = re.compile(rf"(?:{WORD.pattern}|\S)\s*")

Tokens = Sequence[str]


@dataclass(frozen=True, kw_only=True)
class Piece:
    """What stands in the two texts at one position, in one line; "…" where something is left out. `same`: in
    each word."""

    same: bool
    left: str
    right: str


def compare_texts(left: str, right: str) -> list[Piece]:
    """The pieces of both texts in their order: by words, and by characters in scripts without spaces."""
    found: list[Piece] = []
    shown = 0
    for same, one, other in _runs(_tokens(left), _tokens(right)):
        if shown > SHOWN:
            found.append(Piece(same=True, left=CUT, right=CUT))
            break
        one, other = _shortened(one), _shortened(other)
        found.append(Piece(same=same, left="".join(one), right="".join(other)))
        shown += max(len(one), len(other))
    return found


def _tokens(text: str) -> Tokens:
    """Words and other characters, each with the space after it."""
    tokens = TOKEN.findall(" ".join(text[:CHARACTERS].split()))
    return [*tokens[:-1], CUT] if len(text) > CHARACTERS else tokens  # the last word may be half of one


def _runs(one: Tokens, other: Tokens) -> Iterator[tuple[bool, Tokens, Tokens]]:
    """(same, words of the one, words of the other)."""
    head = _shared(one, other)
    tail = _shared(one[head:][::-1], other[head:][::-1])
    left, right = (_compared(tokens[head : len(tokens) - tail]) for tokens in (one, other))
    if head:
        yield True, one[:head], other[:head]
    matcher = SequenceMatcher(None, [token.rstrip() for token in left], [token.rstrip() for token in right])
    for tag, start, stop, other_start, other_stop in matcher.get_opcodes():
        yield tag == "equal", left[start:stop], right[other_start:other_stop]
    if tail:
        yield True, one[len(one) - tail :], other[len(other) - tail :]


def _shared(one: Tokens, other: Tokens) -> int:
    pairs = zip(one, other, strict=False)
    return sum(1 for _ in takewhile(lambda pair: pair[0].rstrip() == pair[1].rstrip(), pairs))


def _compared(tokens: Tokens) -> Tokens:
    return [*tokens[:COMPARED], CUT] if len(tokens) > COMPARED else tokens


def _shortened(run: Tokens) -> Tokens:
    return run if len(run) <= 2 * AROUND else [*run[:AROUND], CUT, *run[-AROUND:]]
