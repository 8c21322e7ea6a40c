"""Vocabulary: what the words of a block, and those that name the elements around it, say about whether it is main text.

Each word has a weight, fitted by benchmarks/fit_extraction by logistic regression on pages whose main text people
have marked: "entry-content" and "sidebar" in a class, "subscribe" and "Privatsphäre" in a text.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from corpus.extract.kernels.vocabulary import MOST_WORDS, add_weights, write_name_buckets, write_word_buckets
from corpus.text.codepoints import code_point_table

Ints = NDArray[np.int64]


class Words(NamedTuple):
    """The words of n entries, as buckets: entry i has those from offsets[i] to offsets[i + 1], and those of the entry
    around it, which comes before it; itself for none."""

    around: Ints  # n
    offsets: Ints  # n + 1
    buckets: NDArray[np.int32]


class Vocabulary(NamedTuple):
    """The weight of each bucket, in hundredths of a logit: of the names of the elements around a block, of those of the
    innermost one alone, and of the words of a block."""

    names: NDArray[np.int16]
    innermost: NDArray[np.int16]
    words: NDArray[np.int16]


def find_names(data: NDArray[np.uint8], around: Ints, places: Ints) -> Words:
    """The words of elements' attributes (elements, attributes, 2), the places of which in a page's source are given."""
    offsets = np.empty(len(around) + 1, np.int64)
    buckets = np.empty(2 * int(np.maximum(places[:, :, 1] - places[:, :, 0], 0).sum()), np.int32)
    count = write_name_buckets(data, places, offsets, buckets)
    return Words(around, offsets, buckets[:count])


def find_words(points: NDArray[np.uint32], rows: Ints) -> Words:
    """The words of blocks, which are as in Blocks."""
    offsets, buckets = np.empty(len(rows) + 1, np.int64), np.empty(MOST_WORDS * len(rows), np.int32)
    count = write_word_buckets(points, rows, code_point_table(), offsets, buckets)
    return Words(np.arange(len(rows)), offsets, buckets[:count])


def alone(words: Words) -> Words:
    """Those of each entry without the entries around it."""
    return words._replace(around=np.arange(len(words.around)))


def score_words(words: Words, weights: NDArray[np.int16]) -> Ints:
    """(n,) hundredths of a logit."""
    scores: Ints = add_weights(*words, weights)
    return scores
