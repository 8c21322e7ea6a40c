from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corpus.shard_set import ShardSet
from tests.training.small_corpus import Data, doc_id, write_shards
from training.loader import Loader


@pytest.fixture(scope="module")
def counting(tmp_path_factory: pytest.TempPathFactory) -> ShardSet:
    """Documents of many lengths whose tokens count upwards, so that a place shows in its value."""
    lengths = np.random.RandomState(0).randint(1, 40, size=30).tolist()
    streams = [list(range(1, 1 + length)) for length in lengths]
    folder = tmp_path_factory.mktemp("counting") / "shards"
    return ShardSet(write_shards(folder, streams, vocab_size=64, eos=0, tokenizer="0" * 64))


def loader(shards: ShardSet, **changes: int) -> Loader:
    return Loader(shards, **{"context": 7, "global_batch": 4, "seed": 3} | changes)


def test_a_sequence_is_t_tokens_and_the_one_after(counting: ShardSet) -> None:
    whole = counting.tokens(0, len(counting))
    last = loader(counting).sequences - 1
    chosen = [0, 5, 2, last]
    found = loader(counting).read(np.array(chosen))
    for sequence, tokens, targets in zip(chosen, found.tokens, found.targets, strict=True):
        assert tokens.tolist() == whole[sequence * 7 : sequence * 7 + 7].tolist()
        assert targets.tolist() == whole[sequence * 7 + 1 : sequence * 7 + 8].tolist()


@settings(max_examples=30, deadline=None)
@given(step=st.integers(0, 200), seed=st.integers(0, 2**32 - 1))
def test_every_world_size_sees_the_same_global_batch(counting: ShardSet, step: int, seed: int) -> None:
    whole = loader(counting, seed=seed).batch(step)
    for world in (2, 4):
        parts = [loader(counting, seed=seed, rank=rank, world=world).batch(step) for rank in range(world)]
        for name in ("tokens", "targets"):
            assert np.array_equal(np.concatenate([getattr(part, name) for part in parts]), getattr(whole, name))


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), batch=st.integers(1, 9))
def test_each_epoch_reads_every_sequence_once_also_across_its_line(counting: ShardSet, seed: int, batch: int) -> None:
    found = loader(counting, seed=seed, global_batch=batch)
    n = found.sequences
    row = np.concatenate([found.samples(step) for step in range(-(-3 * n // batch))])
    epochs = [row[k * n : (k + 1) * n] for k in range(3)]
    assert all(sorted(epoch.tolist()) == list(range(n)) for epoch in epochs)
    assert epochs[0].tolist() != epochs[1].tolist()


def test_samples_do_not_depend_on_what_was_read_before(counting: ShardSet) -> None:
    forwards, backwards = loader(counting), loader(counting)
    steps = range(40)
    there = [forwards.samples(step).tolist() for step in steps]
    assert there == [backwards.samples(step).tolist() for step in reversed(steps)][::-1]


def test_the_order_is_frozen(counting: ShardSet) -> None:
    """These numbers may never change: a checkpoint of years ago must go on with its own samples."""
    assert loader(counting).sequences == 81
    assert loader(counting).samples(0).tolist() == [24, 79, 7, 66]
    assert loader(counting).samples(20).tolist() == [38, 67, 5, 29]  # 38 ends the first epoch


def test_documents_of_a_step_and_the_steps_of_a_document(counting: ShardSet) -> None:
    found = loader(counting)
    steps = 30  # into the second epoch
    readers: dict[str, set[int]] = {}
    places: dict[str, tuple[int, int]] = {}
    for step in range(steps):
        for (sequence, sources), wanted in zip(
            found.sequence_documents(step), found.samples(step).tolist(), strict=True
        ):
            assert sequence == wanted
            for source in sources:
                assert source.first < sequence * 7 + 8 and source.end > sequence * 7
                readers.setdefault(source.doc_id, set()).add(step)
                places[source.doc_id] = (source.first, source.end)
    assert set(readers) <= {doc_id(number).hex() for number in range(30)}
    assert len(readers) >= 29  # the tail of the stream is shorter than a sequence
    for name, (first, end) in places.items():
        assert found.steps_reading(first, end, steps) == sorted(readers[name])


def test_state_is_one_integer_and_the_fingerprint(counting: ShardSet, data: Data) -> None:
    state = loader(counting).state(9)
    assert state == {"samples": 36, "fingerprint": counting.fingerprint}
    assert loader(counting).step_of(state) == 9
    with pytest.raises(ValueError, match=r"no multiple of the global batch 5"):
        loader(counting, global_batch=5).step_of(state)
    other = ShardSet(data.shards)
    with pytest.raises(ValueError, match=f"{counting.fingerprint}.*{other.fingerprint}"):
        loader(other).step_of(state)


def test_refusals_name_the_value(counting: ShardSet, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="batch of 4 sequences does not divide by 3 ranks"):
        loader(counting, world=3)
    with pytest.raises(ValueError, match=r"fewer than one sequence of 100000"):
        loader(counting, context=100_000)
    folder = write_shards(tmp_path / "wrong", [[1, 2, 99, 3]] * 8, vocab_size=64, eos=0, tokenizer="0" * 64)
    with pytest.raises(ValueError, match="token 99 lies outside the vocabulary of 64"):
        loader(ShardSet(folder)).batch(0)
