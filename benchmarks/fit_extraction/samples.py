"""Samples: pages whose main text people have marked, as what the choice of blocks is fitted on.

A block's label is the share of its word 4-grams that the gold text has; short blocks' whole text is looked for. A block
weighs its share of its page's words, so that every page counts alike.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from benchmarks.gold import GoldPage
from corpus.extract.blocks import read_blocks
from corpus.extract.features_local import FEATURE, LocalFeatures, compute_local_features
from corpus.extract.kernels.vocabulary import BUCKETS
from corpus.extract.kernels.writer import BLOCK
from corpus.extract.page import OTHER_LONGER, read_visible
from corpus.extract.vocabulary import Vocabulary, Words, alone, find_words, score_words
from corpus.text.charset import convert_to_utf8
from corpus.text.normal_form import words

SHORT_WORDS, SNIPPET_WEIGHT, ALL_TEXT_WEIGHT, FEWEST_WORDS = 6, 0.25, 0.3, 20
NO_VOCABULARY = Vocabulary(*(np.zeros(BUCKETS, np.int16) for _ in Vocabulary._fields))

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Sample:
    """A page's n blocks: texts, features, words of the names around them and of their own, labels and weights."""

    page: GoldPage
    text: list[str]
    local: LocalFeatures
    names: Words  # of the elements that have blocks, those of the elements around them included
    innermost: Words  # of the same elements alone
    named: NDArray[np.int64]  # (n,) the number of each block's element among them
    words: Words
    label: Floats
    weight: Floats

    def part(self, parts: int, salt: bytes) -> int:
        """One of so many parts of all pages."""
        return hashlib.sha256(salt + self.page.name.encode()).digest()[0] % parts

    def with_vocabulary(self, vocabulary: Vocabulary) -> Sample:
        features = self.local.features.copy()
        features[:, FEATURE.names] = score_words(self.names, vocabulary.names)[self.named]
        features[:, FEATURE.innermost_names] = score_words(self.innermost, vocabulary.innermost)[self.named]
        features[:, FEATURE.words] = score_words(self.words, vocabulary.words)
        return replace(self, local=self.local._replace(features=features))


def make_sample(page: GoldPage) -> Sample | None:
    decoded = convert_to_utf8(page.html, None)
    if decoded is None:
        return None
    reading = read_visible(decoded[0])
    with_noscript = read_blocks(decoded[0], noscript=True)
    if len(with_noscript.blocks.points) > OTHER_LONGER * len(reading.blocks.points):
        reading = with_noscript
    text = reading.blocks.texts()
    if not text:
        return None
    label, weight = _snippet_labels(page, text) if page.gold is None else _labels(page.gold, text)
    elements, named = np.unique(reading.blocks.rows[:, BLOCK.named], return_inverse=True)
    return Sample(
        page=page,
        text=text,
        local=compute_local_features(reading, NO_VOCABULARY),
        names=_gather(reading.names, elements),
        innermost=_gather(alone(reading.names), elements),
        named=named,
        words=find_words(reading.blocks.points, reading.blocks.rows),
        label=label,
        weight=weight,
    )


def _gather(names: Words, elements: NDArray[np.int64]) -> Words:
    """The words of the names of elements, and of the elements around each."""
    inside: list[list[int]] = []
    for element, around in enumerate(names.around.tolist()):
        own = names.buckets[names.offsets[element] : names.offsets[element + 1]].tolist()
        inside.append(own if around == element else inside[around] + own)
    found = [inside[element] for element in elements.tolist()]
    offsets = np.cumsum([0, *map(len, found)])
    return Words(np.arange(len(found)), offsets, np.array([bucket for one in found for bucket in one], np.int32))


def _labels(gold: str, texts: list[str]) -> tuple[Floats, Floats]:
    wanted = words(gold)
    phrase = f" {' '.join(wanted)} "
    grams = set(zip(wanted, wanted[1:], wanted[2:], wanted[3:], strict=False))
    label, count = np.zeros(len(texts)), np.zeros(len(texts))
    for number, text in enumerate(texts):
        found = words(text)
        count[number] = len(found)
        if len(found) > SHORT_WORDS:
            own = list(zip(found, found[1:], found[2:], found[3:], strict=False))
            label[number] = sum(gram in grams for gram in own) / len(own)
        elif found:
            label[number] = f" {' '.join(found)} " in phrase
    return label, count / (ALL_TEXT_WEIGHT * count.sum() + (label * count).sum() + FEWEST_WORDS)


def _snippet_labels(page: GoldPage, texts: list[str]) -> tuple[Floats, Floats]:
    wanted = np.array([any(snippet in text for snippet in page.wanted) for text in texts])
    unwanted = np.array([any(snippet in text for snippet in page.unwanted) for text in texts])
    return wanted.astype(float), SNIPPET_WEIGHT * (wanted | unwanted)
