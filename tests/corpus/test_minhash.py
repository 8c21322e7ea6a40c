"""MinHash: exact where it decides, within its theory where it nominates."""

from __future__ import annotations

import numpy as np
import pytest
from datasketch import MinHash, MinHashLSH
from hypothesis import given, settings
from hypothesis import strategies as st

from corpus.minhash import BATCH, DuplicateConfig, band_keys, jaccard, shingles, text_digest
from corpus.text import words

CONFIG = DuplicateConfig()
RIVER = words("The rain that falls on the hills gathers in brooks, and the brooks run together into one wide river.")


def runs(text: str, size: int) -> set[tuple[str, ...]]:
    """Shingles without any hashing."""
    tokens = words(text)
    return {tuple(tokens[place : place + size]) for place in range(max(1, len(tokens) - size + 1))}


def planted(similarity: float, size: int, random: np.random.RandomState) -> tuple[np.ndarray, np.ndarray]:
    """Two sets of `size` 64-bit hashes whose Jaccard similarity is the wanted one, to a shingle."""
    common = round(2 * size * similarity / (1 + similarity))
    values = random.randint(0, 2**63, size=2 * size - common, dtype=np.int64).astype(np.uint64)
    return np.unique(values[:size]), np.unique(values[size - common :])


@settings(max_examples=150, deadline=None)
@given(*[st.lists(st.sampled_from(RIVER[:6]), min_size=1, max_size=30).map(" ".join)] * 2, st.integers(1, 5))
def test_jaccard_is_that_of_the_sets_of_word_runs(left: str, right: str, size: int) -> None:
    a, b = runs(left, size), runs(right, size)
    assert len(shingles(left, size)) == len(a)
    assert jaccard(shingles(left, size), shingles(right, size)) == pytest.approx(len(a & b) / len(a | b))


@pytest.mark.parametrize(
    ("left", "right", "wanted"),
    [
        ("a b c d e f", "a b c d e g", 1 / 3),
        ("The river, the sea!", "the RIVER the sea", 1),
        ("河水流进大海里", "河水流进大海去", 2 / 4),
        ("two words", "two words", 1),
        ("two words", "two other", 0),
        ("two words", "words two", 0),
        ("水", "火", 0),
        ("🎉 🎉", "🚀", 0),
        ("🎉 🎉", "🎉\n🎉", 1),
        ("", "", 1),
        ("", "…", 0),
    ],
)
def test_short_and_unspaced_texts(left: str, right: str, wanted: float) -> None:
    assert jaccard(shingles(left, 5), shingles(right, 5)) == pytest.approx(wanted)


def test_shingles_are_sorted_and_distinct() -> None:
    found = shingles(" ".join(RIVER * 50), 5)
    assert found.dtype == np.uint64
    assert (found[1:] > found[:-1]).all()
    assert len(found) == len(runs(" ".join(RIVER * 50), 5))


def test_bands_agree_with_stock_datasketch() -> None:
    """The same pairs are nominated as by MinHashLSH, which compares the bands themselves and not hashes of them."""
    random = np.random.RandomState(3)
    pairs = [planted(similarity, 300, random) for similarity in np.linspace(0.2, 0.9, 60)]
    stock = MinHashLSH(num_perm=CONFIG.permutations, params=CONFIG.bands())
    agreed = {True: 0, False: 0}
    for number, (left, right) in enumerate(pairs):
        stock.insert(str(number), sketch(left))
        nominated = bool((band_keys(left, CONFIG) == band_keys(right, CONFIG)).any())
        assert nominated == (str(number) in stock.query(sketch(right)))
        agreed[nominated] += 1
    assert min(agreed.values()) > 5, "both outcomes were seen"


def sketch(values: np.ndarray) -> MinHash:
    found = MinHash(num_perm=CONFIG.permutations, seed=CONFIG.seed, hashfunc=int, scheme="affine64")
    found.update_batch(values.tolist())
    return found


def test_the_estimate_is_within_its_standard_error_of_the_exact_similarity() -> None:
    """sqrt(s (1 - s) / permutations), Broder 1997: the mean of 40 pairs within 4 standard errors of the mean."""
    random = np.random.RandomState(4)
    for similarity in (0.3, 0.6, 0.9):
        pairs = [planted(similarity, 400, random) for _ in range(40)]
        errors = [sketch(left).jaccard(sketch(right)) - jaccard(left, right) for left, right in pairs]
        standard = (similarity * (1 - similarity) / CONFIG.permutations) ** 0.5
        assert abs(np.mean(errors)) < 4 * standard / 40**0.5
        assert np.max(np.abs(errors)) < 5 * standard


@pytest.mark.parametrize("similarity", [0.3, 0.4, 0.5, 0.6, 0.8, 0.95])
def test_pairs_are_nominated_along_the_s_curve(similarity: float) -> None:
    """1 - (1 - s^rows)^bands (Leskovec et al., chapter 3), within 4 standard errors over 150 planted pairs."""
    bands, rows = CONFIG.bands()
    random = np.random.RandomState(round(similarity * 100))
    hits = 0
    for _ in range(150):
        left, right = planted(similarity, 200, random)
        hits += bool((band_keys(left, CONFIG) == band_keys(right, CONFIG)).any())
    wanted = 1 - (1 - similarity**rows) ** bands
    assert abs(hits / 150 - wanted) <= 4 * (wanted * (1 - wanted) / 150) ** 0.5 + 0.01


def test_a_pair_at_the_threshold_is_missed_once_in_ten_thousand() -> None:
    bands, rows = CONFIG.bands()
    assert (bands, rows) == (25, 5)
    assert bands * rows <= CONFIG.permutations
    assert (1 - CONFIG.threshold**rows) ** bands < 1e-4


def test_planted_copies_of_a_text_share_a_band_and_different_texts_do_not() -> None:
    random = np.random.RandomState(5)
    vocabulary = [f"word{number}" for number in range(2_000)]
    for start, text in (("", vocabulary), ("河", [chr(0x4E00 + number) for number in range(2_000)])):
        tokens = list(random.choice(text, 400))
        copy = [*tokens[:200], random.choice(text), *tokens[201:]]
        other = list(random.choice(text, 400))
        joined = [start + (" " if start == "" else "").join(part) for part in (tokens, copy, other)]
        keys = [band_keys(shingles(part, 5), CONFIG) for part in joined]
        assert (keys[0] == keys[1]).any()
        assert not (keys[0] == keys[2]).any()


def test_short_texts_share_bands_only_when_equal() -> None:
    keys = {text: band_keys(shingles(text, 5), CONFIG).tobytes() for text in ("a", "b", "a b", "水", "🎉", "…", "")}
    assert len(set(keys.values())) == len(keys)
    assert band_keys(shingles("A  b", 5), CONFIG).tobytes() == keys["a b"]


def test_a_long_text_is_signed_in_batches_as_in_one(monkeypatch: pytest.MonkeyPatch) -> None:
    values = np.unique(np.random.RandomState(6).randint(0, 2**63, size=2 * BATCH + 5, dtype=np.int64)).astype(np.uint64)
    once = band_keys(values, CONFIG)
    monkeypatch.setattr("corpus.minhash.BATCH", 1000)
    assert (band_keys(values, CONFIG) == once).all()


def test_keys_are_the_same_on_every_machine() -> None:
    """Golden values: signatures lie in the lake, and those of a later crawl are compared with them."""
    keys = band_keys(shingles(" ".join(RIVER), 5), CONFIG)
    assert [hex(key) for key in keys[:2]] == ["0x6543cd37f3969662", "0xdd5c5e0f2d6c4232"]
    assert text_digest("The River\n runs").hex() == "3a206189315997c3293d9392e5e8256a"


def test_text_digest_ignores_case_and_space_alone() -> None:
    assert text_digest("The  River\nruns") == text_digest("the river runs ")
    assert text_digest("the river runs") != text_digest("the river runs.")
    assert text_digest("theriver") != text_digest("the river")
