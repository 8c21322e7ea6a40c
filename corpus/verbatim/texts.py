"""Texts: which stretches of a text stand word for word in the training tokens, as characters of the text."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

import numpy as np

from corpus.tokenizer.vocabulary import Vocabulary
from corpus.verbatim.index import Span, TextIndex

LEAST = 8  # tokens of a span


@dataclass(frozen=True, kw_only=True)
class FoundSpan:
    """Characters [start, stop) of a text, which are the tokens `span` of `question`."""

    start: int
    stop: int
    span: Span
    question: np.ndarray


def find_spans(index: TextIndex, vocabulary: Vocabulary, text: str, least: int = LEAST) -> list[FoundSpan]:
    """The maximal spans of at least `least` tokens, none of them part of another, the one with most bits first."""
    return _outermost([one for lead in _leads(text) for one in _find(index, vocabulary, text, lead, least)])


def find_documents(
    index: TextIndex, found: FoundSpan, most: int, places: int | None = None
) -> dict[str, list[tuple[str, int, int]]]:
    """By document, at the `most` of them: (tar, first, end) of each place in the stream where a span stands, in the
    stream's order. Of all places the first `places` are looked at."""
    documents: dict[str, list[tuple[str, int, int]]] = {}
    length = found.span.stop - found.span.start
    for first in islice(index.places(found.question, found.span), places):
        [(tar, doc_id, *_)] = index.shards.documents(first, first + length)
        if doc_id not in documents and len(documents) == most:
            break
        documents.setdefault(doc_id, []).append((tar, first, first + length))
    return documents


def _find(index: TextIndex, vocabulary: Vocabulary, text: str, lead: str, least: int) -> Iterator[FoundSpan]:
    encoding = vocabulary.tokenizer.encode(lead + text, add_special_tokens=False)
    question = np.array(encoding.ids, np.int64)
    offsets = [(max(first - len(lead), 0), end - len(lead)) for first, end in encoding.offsets]
    for span in index.spans(question, least):
        # A token may be a part of a character; a character of which not all tokens are in the span is not either.
        start = max(offsets[span.start][0], offsets[span.start - 1][1] if span.start else 0)
        stop = min(offsets[span.stop - 1][1], offsets[span.stop][0] if span.stop < len(offsets) else len(text))
        if start < stop:
            yield FoundSpan(start=start, stop=stop, span=span, question=question)


def _leads(text: str) -> tuple[str, ...]:
    """What to put before a text: its first word is another token within a sentence than where a document begins."""
    return ("",) if text[:1].isspace() else ("", " ")


def _outermost(found: list[FoundSpan]) -> list[FoundSpan]:
    kept: list[FoundSpan] = []
    for one in sorted(found, key=lambda one: (one.start, -one.stop)):
        if not kept or one.stop > kept[-1].stop:
            kept.append(one)
    return sorted(kept, key=lambda one: (-one.span.bits, one.start))
