"""Mixing: shares of tokens to within a document, the same documents whatever their order, smaller shares within larger
ones, and copies far from one another."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus.lake.manifest import sha256
from corpus.shards.mix import Mix, MixConfig, plan_mix, shuffled_order, spread_copies

COUNT = 400
NAMES = ("de", "en", "zh")


def doc_ids(count: int = COUNT) -> list[bytes]:
    return [bytes.fromhex(sha256(str(number).encode()))[:16] for number in range(count)]


class Collection:
    """Documents in three languages whose lengths and ids are known."""

    def __init__(self, seed: int = 0, count: int = COUNT) -> None:
        random = np.random.RandomState(seed)
        self.lengths = random.randint(2, 200, count)
        self.codes = np.concatenate([np.arange(3), random.choice(3, count - 3, p=(0.2, 0.7, 0.1))])
        self.ids = doc_ids(count)

    def take(self, order: np.ndarray | None = None, **config: Any) -> tuple[Mix, np.ndarray]:
        """`order`: another one in which the documents come; the answer is in that of the collection."""
        order = np.arange(len(self.ids)) if order is None else order
        made = MixConfig(**config)
        hashes = shuffled_order([self.ids[number] for number in order], made.seed)
        found, copies = plan_mix(made, NAMES, self.codes[order], self.lengths[order], hashes)
        back = np.empty_like(copies)
        back[order] = copies
        return found, back


shares = st.dictionaries(st.sampled_from(NAMES), st.floats(0.05, 1.0), min_size=1)


@given(seed=st.integers(0, 99), shares=shares, tokens=st.integers(1_000, 8_000))
def test_each_group_has_its_share_to_within_one_document(seed: int, shares: dict[str, float], tokens: int) -> None:
    made = Collection(seed)
    found, copies = made.take(shares=shares, tokens=tokens, max_epochs=50)
    for group in found.groups:
        mask = made.codes == NAMES.index(group.name)
        taken = int((made.lengths * copies)[mask].sum())
        wanted = tokens * shares.get(group.name, 0) / sum(shares.values())
        assert wanted - made.lengths.max() - 1 < taken <= wanted + 1
        assert group.taken_tokens == taken and group.tokens == made.lengths[mask].sum()
        assert (group.documents, group.copies) == (mask.sum(), copies[mask].sum())
        assert group.taken_documents == (copies[mask] > 0).sum()
        assert (group.share is None) == (group.name not in shares)
        assert copies[mask].max() - copies[mask].min() <= 1, "a document is repeated again when all have been"


@given(seed=st.integers(0, 99), order=st.integers(0, 99))
def test_the_order_of_the_documents_changes_nothing(seed: int, order: int) -> None:
    made = Collection(seed)
    config: dict[str, Any] = {"shares": {"en": 0.2, "zh": 0.5}, "seed": seed}
    shuffled = np.random.RandomState(order).permutation(COUNT)
    (one, copies), (other, again) = made.take(**config), made.take(shuffled, **config)
    assert one == other and (copies == again).all()
    assert (copies == made.take(**{**config, "shares": {"zh": 0.5, "en": 0.2}})[1]).all()


@given(one=st.integers(1, 8_000), other=st.integers(1, 8_000), seed=st.integers(0, 9))
def test_a_smaller_share_is_part_of_a_larger_one(one: int, other: int, seed: int) -> None:
    made = Collection(3)
    less, more = sorted((one + 500, other + 500))
    config: dict[str, Any] = {"shares": {"de": 0.3, "*": 0.7}, "max_epochs": 50.0, "seed": seed}
    assert (made.take(tokens=less, **config)[1] <= made.take(tokens=more, **config)[1]).all()


def test_another_seed_takes_other_documents() -> None:
    made = Collection()
    some, others = (made.take(shares={"en": 1}, tokens=5_000, seed=seed)[1] for seed in (0, 1))
    both, either = ((some & others) > 0).sum(), ((some | others) > 0).sum()
    assert 0 < both < 0.4 * either


def test_what_is_taken_is_a_fair_sample() -> None:
    """A document's chance does not depend on where it stands: of each tenth about as many are taken."""
    made = Collection(count=20_000)
    copies = made.take(shares={"de": 1, "en": 1, "zh": 1}, tokens=100_000)[1][made.codes == 1]
    tenths = [part.sum() for part in np.array_split(copies, 10)]
    mean = np.mean(tenths)
    assert max(abs(tenth - mean) for tenth in tenths) < 5 * mean**0.5


def test_without_a_budget_the_mix_is_as_large_as_what_it_is_made_of() -> None:
    made = Collection()
    available = {name: int(made.lengths[made.codes == code].sum()) for code, name in enumerate(NAMES)}
    found, copies = made.take(shares={"de": 0.2, "en": 0.8})
    total = available["de"] + available["en"]
    assert abs(int((made.lengths * copies).sum()) - total) < 2 * made.lengths.max()
    found, copies = made.take(shares={"de": 0.1, "zh": 0.9}, max_epochs=2)
    factors = {group.name: group.factor for group in found.groups}
    assert factors["zh"] <= 2 and copies.max() == 2, "the total is smaller where a group would be repeated more often"
    assert factors["de"] == pytest.approx(2 * available["zh"] * (0.1 / 0.9) / available["de"], rel=0.01)


def test_natural_shares_take_everything_once() -> None:
    made = Collection()
    natural = {name: float(made.lengths[made.codes == code].sum()) for code, name in enumerate(NAMES)}
    assert (made.take(shares=natural)[1] == 1).all()


def test_patterns_take_what_no_name_takes() -> None:
    config = MixConfig(by="source", shares={"books/*": 1, "books/old/*": 1, "books/a.jsonl": 1, "*": 1})
    sources = ("books/a.jsonl", "books/b.jsonl", "books/old/c.txt", "web/d.warc.gz")
    assert [config.group(source) for source in sources] == ["books/a.jsonl", "books/*", "books/old/*", "*"]
    assert MixConfig(shares={"en": 1}).group("zh") is None


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ({"shares": {}}, "shares {}: wanted are positive numbers"),
        ({"shares": {"en": 0.0, "de": 1}}, "shares {'en': 0.0}: wanted are positive"),
        ({"shares": {"en": float("nan")}}, "shares {'en': nan}"),
        ({"shares": {"en": float("inf")}}, "shares {'en': inf}"),
        ({"shares": {"en": 1}, "by": "topic"}, "by 'topic' is unknown; choose one of language, crawl, source, host"),
        ({"shares": {"en": 1}, "tokens": 0}, "tokens 0: a mix has at least 1"),
        ({"shares": {"en": 1}, "max_epochs": 0.0}, "max_epochs 0.0"),
        (
            {"shares": {"en": 0.5, "fr": 0.5}},
            "no training document of the language 'fr' to mix in: there are de, en, zh",
        ),
        ({"shares": {"en": 1, "x*": 1}}, "no training document of the language 'x\\*'"),
        ({"shares": {"en": 0.5, "zh": 0.5}, "tokens": 10**6}, r"repeat the language 'zh', \d+ tokens, [\d.]+ times"),
        ({"shares": {"en": 1}, "tokens": 1}, "a mix of 1 tokens takes no document"),
    ],
)
def test_a_mix_that_cannot_be_is_refused_by_name(config: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        Collection().take(**config)


def test_a_refused_budget_says_which_one_is_not() -> None:
    made = Collection()
    with pytest.raises(ValueError, match=r"allows a mix of (\d+)") as refused:
        made.take(shares={"en": 0.5, "zh": 0.5}, tokens=10**6)
    most = int(str(refused.value).rsplit(" ", 1)[1])
    assert made.take(shares={"en": 0.5, "zh": 0.5}, tokens=most)[1].max() <= 4


@given(st.lists(st.integers(0, 5), max_size=60))
def test_all_copies_are_written_and_each_document_is_first_once(copies: list[int]) -> None:
    order, first = spread_copies(np.array(copies, np.int64))
    assert Counter(order.tolist()) == Counter({n: count for n, count in enumerate(copies) if count})
    met: set[int] = set()
    for number, is_first in zip(order.tolist(), first.tolist(), strict=True):
        assert is_first == (number not in met)
        met.add(number)


def test_documents_that_are_taken_once_keep_their_order() -> None:
    assert spread_copies(np.array([1, 0, 1, 1]))[0].tolist() == [0, 2, 3]


@pytest.mark.parametrize("most", [2, 3, 4])
def test_copies_lie_far_from_one_another(most: int) -> None:
    """A group of one document, of a few and of many, repeated among documents that are taken once: between two copies
    lies nearly an equal part of everything."""
    for repeated in (1, 3, 200):
        copies = np.ones(1_000, np.int64)
        copies[np.random.RandomState(repeated).choice(1_000, repeated, replace=False)] = most
        order, _ = spread_copies(copies)
        for number in np.flatnonzero(copies > 1):
            found = np.flatnonzero(order == number)
            assert np.diff(found).min() > 0.9 * len(order) / most
