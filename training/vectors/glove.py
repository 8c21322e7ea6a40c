"""GloVe: vectors whose products are the logarithms of how often two words stand near each other (Pennington, Socher and
Manning 2014, https://aclanthology.org/D14-1162), by the AdaGrad of the paper.

V vocabulary   P pairs of words that stand near each other   D size of a vector
"""

from __future__ import annotations

import numpy as np
from scipy import sparse

from corpus.text.compiled import kernel
from training.vectors.config import VectorConfig
from training.vectors.numbered import NumberedTexts

BLOCK = 1 << 20  # words whose pairs are in memory at a time
LEARNING_RATE = 0.05
FULL_COUNT, POWER = 100.0, 0.75  # pairs that are seen so often count fully, others by (count / FULL_COUNT) ** POWER


def train_glove(texts: NumberedTexts, config: VectorConfig) -> np.ndarray:
    """The vector of each word, float32 (V, D): the sum of what it is as a word and as another's neighbour."""
    pairs = count_pairs(texts, config.window).tocoo()
    random = np.random.default_rng(config.seed)
    shape = (2, len(texts.words), config.size + 1)  # the last of a vector's numbers is its bias
    vectors, squares = (random.random(shape) - 0.5) / config.size, np.ones(shape)
    logs, weights = np.log(pairs.data), np.minimum(1.0, pairs.data / FULL_COUNT) ** POWER
    for _ in range(config.passes):
        learn_pairs(random.permutation(pairs.nnz), pairs.row, pairs.col, logs, weights, vectors, squares, LEARNING_RATE)
    return vectors[:, :, :-1].sum(axis=0).astype(np.float32)


def count_pairs(texts: NumberedTexts, window: int) -> sparse.csr_matrix:
    """How often two words stand in one text at most `window` words apart, at distance d counted as 1 / d; float64
    (V, V), symmetric."""
    size = len(texts.words)
    counts = sparse.csr_matrix((size, size))
    text = np.repeat(np.arange(len(texts.bounds) - 1), np.diff(texts.bounds))
    for start in range(0, len(texts.numbers), BLOCK):
        firsts, seconds, shares = [], [], []
        for distance in range(1, window + 1):
            first = np.arange(start, min(start + BLOCK, len(texts.numbers) - distance))
            first = first[text[first] == text[first + distance]]
            firsts.append(texts.numbers[first])
            seconds.append(texts.numbers[first + distance])
            shares.append(np.full(len(first), 1 / distance))
        pairs = np.concatenate(firsts), np.concatenate(seconds)
        counts += sparse.coo_matrix((np.concatenate(shares), pairs), counts.shape).tocsr()
    return (counts + counts.T).tocsr()


@kernel
def learn_pairs(
    order: np.ndarray,
    rows: np.ndarray,
    columns: np.ndarray,
    logs: np.ndarray,
    weights: np.ndarray,
    vectors: np.ndarray,
    squares: np.ndarray,
    rate: float,
) -> None:
    """One epoch, a pair after the other. `order` (P,): in which order. `rows`, `columns` (P,): the two words of each.
    `logs`, `weights` (P,): what the product of their vectors and biases is to be, and how much that counts. Changes
    `vectors` and `squares` (2, V, D + 1), the sums of squared gradients: first of words, then of neighbours."""
    size = vectors.shape[2] - 1
    for pair in order:
        word, near = vectors[0, rows[pair]], vectors[1, columns[pair]]
        word_squares, near_squares = squares[0, rows[pair]], squares[1, columns[pair]]
        error = word[size] + near[size] - logs[pair]
        for at in range(size):
            error += word[at] * near[at]
        slope = weights[pair] * error
        for at in range(size + 1):
            of_word, of_near = (slope * near[at], slope * word[at]) if at < size else (slope, slope)
            word[at] -= rate * of_word / np.sqrt(word_squares[at])
            near[at] -= rate * of_near / np.sqrt(near_squares[at])
            word_squares[at] += of_word * of_word
            near_squares[at] += of_near * of_near
