"""Topics: what documents are about, by the words that come together in them, each named by its likeliest words.

Non-negative matrix factorization of TF-IDF (Lee and Seung 1999) writes each document as a mixture of TOPICS lists of
words; its topic is the one with the largest part. The same texts have the same topics.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import numpy as np

TOPICS = 10
NAMED_BY = 3  # words at most
LEAST = 0.1  # of the weight of the first word: what a word of the name has at least
FEWEST = 50  # documents: of fewer no topics are made
RAREST = 5  # documents that a word must be in
MOST_WORDS = 10_000
WORD = r"[^\W\d_]{3,}"  # of letters: numbers and short words are no topics
NO_TOPIC = "no topic"


def find_topics(texts: Sequence[str]) -> list[str]:
    """The topic of each text; NO_TOPIC of one without a word that others have, and of all where they are too few."""
    from sklearn.decomposition import NMF
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS, TfidfVectorizer

    if len(texts) < FEWEST:
        return [NO_TOPIC] * len(texts)
    weighing = TfidfVectorizer(
        token_pattern=WORD,
        stop_words=list(ENGLISH_STOP_WORDS),
        min_df=RAREST,
        max_df=0.5,
        max_features=MOST_WORDS,
        sublinear_tf=True,
    )
    try:
        weights = weighing.fit_transform(texts)  # [texts, words]
    except ValueError:  # no word is left
        return [NO_TOPIC] * len(texts)
    count = min(TOPICS, *weights.shape)
    factors = NMF(count, init="nndsvda", random_state=0, max_iter=400, tol=1e-3)
    with warnings.catch_warnings(), np.errstate(invalid="ignore"):  # texts that topics tell exactly have an error of 0
        warnings.simplefilter("ignore", ConvergenceWarning)  # topics that are nearly the best ones do as well
        parts = factors.fit_transform(weights)  # [texts, topics]
    words = weighing.get_feature_names_out()
    names = [_name(row, words) for row in factors.components_]
    chosen = parts.argmax(1)
    return [names[place] if part[place] > 0 else NO_TOPIC for place, part in zip(chosen, parts, strict=True)]


def _name(weights: np.ndarray, words: np.ndarray) -> str:
    """`weights` (words,) of one topic: its heaviest words, without those that hardly count beside the first."""
    first = np.argsort(-weights, kind="stable")[:NAMED_BY]
    return ", ".join(words[place] for place in first if weights[place] >= LEAST * weights[first[0]])
