"""MinHash: within its theory, and in agreement with datasketch on the same signatures."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from datasketch import MinHash, MinHashLSH

from corpus.duplicates.banding import DuplicateConfig, candidate_probability
from corpus.duplicates.minhash import compute_band_keys, compute_signatures
from corpus.duplicates.shingles import Shingles, compute_shingles, jaccard_similarity

CONFIG = DuplicateConfig()
SIGNING = CONFIG.signing()
LENGTH = SIGNING.bands * SIGNING.rows
RIVER = "The rain that falls on the hills gathers in brooks, and the brooks run together into one wide river."
PAIRS = 400


def planted(similarity: float, size: int, count: int, seed: int) -> tuple[Shingles, Shingles, float]:
    """`count` pairs of sets of `size` 64-bit hashes, and their Jaccard similarity: the wanted one, to a shingle."""
    random = np.random.RandomState(seed)
    common = round(2 * size * similarity / (1 + similarity))
    values = random.randint(0, 2**63, size=(count, 2 * size - common), dtype=np.int64).astype(np.uint64) * np.uint64(2)
    offsets = np.arange(count + 1, dtype=np.int64) * size
    left = Shingles(values=values[:, :size].ravel(), offsets=offsets)
    right = Shingles(values=values[:, size - common :].ravel(), offsets=offsets)
    return left, right, common / (2 * size - common)


def keys(texts: list[str]) -> np.ndarray:
    return compute_band_keys(pa.array(texts, pa.string()), SIGNING)[0]


def sketches(shingled: Shingles) -> list[MinHash]:
    return [
        MinHash(num_perm=LENGTH, hashvalues=row.astype(np.uint64), scheme="affine32")
        for row in compute_signatures(shingled, SIGNING)
    ]


def agreeing_bands(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """In how many bands the signatures (pairs, bands x rows) agree, by the signatures themselves."""
    shape = (len(left), SIGNING.bands, SIGNING.rows)
    return (left.reshape(shape) == right.reshape(shape)).all(axis=2).sum(axis=1)


@pytest.mark.parametrize("size", [20, 400])
@pytest.mark.parametrize("similarity", [0.3, 0.6, 0.8, 0.95])
def test_as_datasketch_signatures_they_estimate_within_the_standard_error(similarity: float, size: int) -> None:
    """sqrt(s (1 - s) / permutations), Broder 1997: no bias, and a spread of just that."""
    left, right, exact = planted(similarity, size, PAIRS, seed=round(similarity * 100))
    pairs = zip(sketches(left), sketches(right), strict=True)
    errors = [one.jaccard(other) - exact for one, other in pairs]
    standard = (exact * (1 - exact) / LENGTH) ** 0.5
    assert abs(np.mean(errors)) < 4 * standard / PAIRS**0.5
    assert 0.85 < np.std(errors) / standard < 1.15
    assert np.max(np.abs(errors)) < 5 * standard


@pytest.mark.parametrize("similarity", [0.3, 0.4, 0.5, 0.6, 0.7, 0.8])
def test_pairs_agree_in_as_many_bands_as_the_s_curve_says(similarity: float) -> None:
    """1 - (1 - s^rows)^bands (Leskovec et al., chapter 3), and for more agreeing bands, within 4 standard errors."""
    left, right, exact = planted(similarity, 200, PAIRS, seed=round(similarity * 100))
    hits = agreeing_bands(compute_signatures(left, SIGNING), compute_signatures(right, SIGNING))
    for agreeing in (1, 2, 4, 8):
        wanted = candidate_probability(exact, SIGNING.bands, SIGNING.rows, agreeing)
        found = (hits >= agreeing).mean()
        assert abs(found - wanted) <= 4 * (wanted * (1 - wanted) / PAIRS) ** 0.5 + 1e-3


def test_keys_are_equal_where_the_bands_of_datasketch_are() -> None:
    """MinHashLSH, fed the same signatures, compares the bands themselves and not hashes of them."""
    random = np.random.RandomState(3)
    words = [f"w{number}" for number in range(3_000)]
    lefts = [random.choice(words, 60).tolist() for _ in range(150)]
    rights = [[*left[: number % 50], *random.choice(words, 60 - number % 50)] for number, left in enumerate(lefts)]
    texts = [[" ".join(one) for one in side] for side in (lefts, rights)]
    stock = MinHashLSH(num_perm=LENGTH, params=(SIGNING.bands, SIGNING.rows))
    signed, asked = (sketches(compute_shingles(pa.array(side), 5)[0]) for side in texts)
    for number, sketch in enumerate(signed):
        stock.insert(number, sketch)
    shared = (keys(texts[0])[:, None, :] == keys(texts[1])[None, :, :]).any(axis=2)
    agreed = 0
    for number, sketch in enumerate(asked):
        found = np.flatnonzero(shared[:, number]).tolist()
        assert found == sorted(stock.query(sketch))
        agreed += len(found)
    assert 20 < agreed < 140, "both outcomes were seen"


def test_keys_of_different_bands_differ() -> None:
    """Those of a text of one shingle too, whose rows could repeat; and all have 64 bits in use."""
    found = keys([RIVER, "one", "水", ""])
    assert len(np.unique(found)) == found.size
    assert (found > 2**60).mean() > 0.8 and (found < 2**62).any()


def test_copies_share_nearly_all_bands_and_different_texts_none() -> None:
    random = np.random.RandomState(5)
    vocabulary = [f"word{number}" for number in range(2_000)]
    for joint, words in ((" ", vocabulary), ("", [chr(0x4E00 + number) for number in range(2_000)])):
        tokens = list(random.choice(words, 400))
        copy = [*tokens[:200], random.choice(words), *tokens[201:]]
        found = keys([joint.join(part) for part in (tokens, copy, list(random.choice(words, 400)))])
        assert (found[0] == found[1]).sum() > SIGNING.bands / 2
        assert not (found[0] == found[2]).any()


def test_short_texts_share_bands_only_when_equal() -> None:
    texts = ["a", "b", "a b", "水", "火", "🎉", "…", ""]
    found = keys(texts)
    assert all(not (found[n] == found[:n]).any() for n in range(len(texts)))
    assert (keys(["A  b"]) == found[2]).all()


def test_a_signature_depends_on_the_set_alone() -> None:
    text = " ".join(f"w{number % 40}" for number in range(200))
    once, _ = compute_shingles(pa.array([text]), 5)
    shuffled = np.unique(np.random.RandomState(1).permutation(once.values))
    again = Shingles(values=shuffled, offsets=np.array([0, len(shuffled)]))
    assert (compute_signatures(once, SIGNING) == compute_signatures(again, SIGNING)).all()
    assert jaccard_similarity(np.unique(once.values), shuffled) == 1


def test_batches_of_any_size_sign_alike() -> None:
    texts = [RIVER, "", "水火河", "a b c"] * 5
    one_by_one = np.concatenate([keys([text]) for text in texts])
    assert (keys(texts) == one_by_one).all()
    assert keys([]).shape == (0, SIGNING.bands)


def test_another_seed_and_other_bands_give_other_keys() -> None:
    for other in (DuplicateConfig(seed=2), DuplicateConfig(threshold=0.9), DuplicateConfig(shingle_words=4)):
        assert not np.isin(compute_band_keys(pa.array([RIVER]), other.signing())[0], keys([RIVER])).any()


def test_keys_are_the_same_on_every_machine() -> None:
    """Golden values: keys lie in the lake, and those of a later crawl are compared with them."""
    found, _ = compute_band_keys(pa.array([RIVER, "河水流进大海里"]), SIGNING)
    assert [f"{key:016x}" for key in found[:, [0, 13, 27]].ravel()] == GOLDEN


GOLDEN = [
    *("4285087d9a675f07", "7e391166889737df", "e4a2316c049ec946"),
    *("43b5fc5dc741a96c", "3edc16607b49f342", "a516db7681b0a85e"),
]
