"""Word2vec: vectors by which words predict their neighbours, or are predicted by them (Mikolov et al. 2013,
arXiv:1301.3781 and arXiv:1310.4546). gensim trains them."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

import numpy as np

from training.vectors.config import VectorConfig
from training.vectors.numbered import NumberedTexts

LONGEST = 10_000  # words: of a longer sentence gensim leaves out the rest, without a word
NEGATIVES = 5  # words drawn by chance for each pair, which the model is to tell from the neighbour
SUBSAMPLING = 1e-3  # of words that are a larger share of the texts some occurrences are left out
POWER = 0.75  # of a word's count: how often it is drawn by chance


class Sentences:
    """The texts as gensim reads them, once for each epoch."""

    def __init__(self, texts: NumberedTexts) -> None:
        self.texts, self.words = texts, np.array(texts.words, object)

    def __iter__(self) -> Iterator[list[str]]:
        for numbers in self.texts.pieces(LONGEST):
            yield self.words[numbers].tolist()


def load_gensim() -> Any:
    """gensim's class of models. Raises ValueError, saying what to install, where there is none."""
    try:
        from gensim.models import Word2Vec
    except ImportError as error:
        raise ValueError(
            "skip_gram and cbow need gensim: pip install 'headwater[vectors]', or --method glove"
        ) from error
    logging.getLogger("gensim").setLevel(logging.ERROR)  # it warns of every corpus that is small
    return Word2Vec


def train_word2vec(texts: NumberedTexts, config: VectorConfig) -> np.ndarray:
    """The vector of each word, float32 (V, size): skip-gram or CBOW with negative sampling. In one thread, because what
    several write at once depends on which is first.

    Raises ValueError as `load_gensim`."""
    model = load_gensim()(
        sg=int(config.method == "skip_gram"),
        vector_size=config.size,
        window=config.window,
        min_count=1,  # rare words are gone already
        negative=NEGATIVES,
        sample=SUBSAMPLING,
        ns_exponent=POWER,
        seed=config.seed,
        workers=1,
        sorted_vocab=0,  # they are in order
    )
    model.build_vocab_from_freq(dict(zip(texts.words, texts.counts.tolist(), strict=True)))
    sentences = sum(1 for _ in texts.pieces(LONGEST))
    model.train(Sentences(texts), total_examples=sentences, total_words=len(texts.numbers), epochs=config.passes)
    return model.wv.vectors
