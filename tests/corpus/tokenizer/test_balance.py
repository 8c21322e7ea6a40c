"""Balance: small languages are heard, the sample is no larger than it may be, the order of files is of no account."""

from __future__ import annotations

import hashlib
import random
from collections import Counter
from collections.abc import Sequence

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus.lake.schema import DOC_ID
from corpus.tokenizer.balance import Balance, compute_quotas
from corpus.tokenizer.vocabulary import VocabularyConfig

Document = tuple[bytes, str, str]


def documents(**counts: int) -> list[Document]:
    """So many texts of 100 to 300 characters of each language."""
    dice = random.Random(1)
    return [
        (hashlib.sha256(f"{language}{n}".encode()).digest()[:16], language, language[0] * dice.randrange(100, 300))
        for language, count in counts.items()
        for n in range(count)
    ]


def sample(rows: Sequence[Document], config: VocabularyConfig, size: int = 64) -> list[tuple[str, str]]:
    batches = []
    for start in range(0, len(rows), size):
        ids, languages, texts = zip(*rows[start : start + size], strict=True)
        columns = [pa.array(ids, DOC_ID), pa.array(languages), pa.array(texts, pa.large_string())]
        batches.append(pa.RecordBatch.from_arrays(columns, ["doc_id", "language", "text"]))
    balance = Balance(config)
    for batch in batches:
        balance.count(batch)
    bounds = balance.bounds()
    return [taken for batch in batches for taken in balance.take(batch, bounds)]


def characters(taken: Sequence[tuple[str, str]]) -> Counter[str]:
    found: Counter[str] = Counter()
    for language, text in taken:
        found[language] += len(text)
    return found


ROWS = documents(en=4_000, zh=400, fi=40)
CONFIG = VocabularyConfig(sample_characters=60_000)


def test_a_language_with_a_hundredth_of_the_text_gets_a_tenth_of_the_weight() -> None:
    found = characters(sample(ROWS, CONFIG))
    assert sum(found.values()) == pytest.approx(60_000, abs=3) and sum(found.values()) <= 60_000
    assert found["en"] / found["zh"] == pytest.approx(10**0.5, rel=0.1)
    assert found["en"] / found["fi"] == pytest.approx(10, rel=0.2)


@pytest.mark.parametrize(("balance", "ratio"), [(1.0, 10), (0.0, 1)])
def test_balance_goes_from_as_it_is_to_all_the_same(balance: float, ratio: float) -> None:
    found = characters(sample(ROWS, VocabularyConfig(sample_characters=9_000, balance=balance)))
    assert found["en"] / found["zh"] == pytest.approx(ratio, rel=0.15)


def test_files_and_batches_in_any_order_give_the_same_sample() -> None:
    shuffled = random.Random(2).sample(ROWS, len(ROWS))
    assert Counter(sample(ROWS, CONFIG)) == Counter(sample(shuffled, CONFIG, size=7))


def test_another_seed_takes_others() -> None:
    one, other = (set(sample(ROWS, VocabularyConfig(sample_characters=6_000, seed=seed))) for seed in (0, 1))
    assert len(one & other) < len(one) / 2


def test_a_small_corpus_is_taken_whole() -> None:
    assert Counter(sample(ROWS, VocabularyConfig())) == Counter((language, text) for _, language, text in ROWS)


def test_a_book_does_not_fill_the_share_of_its_language() -> None:
    book = (b"\0" * 16, "en", "x" * 50_000)
    config = VocabularyConfig(sample_characters=60_000, document_characters=1_000)
    assert max(len(text) for _, text in sample([*ROWS, book], config)) <= 1_000


@given(st.dictionaries(st.text(min_size=1), st.integers(1, 10**9)), st.integers(0, 10**10), st.floats(0, 1))
def test_quotas_fit_what_there_is_and_what_may_be_taken(totals: dict[str, int], budget: int, balance: float) -> None:
    found = compute_quotas(totals, budget, balance)
    assert found.keys() == totals.keys()
    assert all(0 <= found[language] <= totals[language] for language in totals)
    assert min(budget, sum(totals.values())) - len(totals) <= sum(found.values()) <= budget
