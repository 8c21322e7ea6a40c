from __future__ import annotations

import gc
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import webdataset
from hypothesis import given, settings
from hypothesis import strategies as st
from small_corpus import Data, doc_id, write_shards

from corpus.shards.reader import ShardSet
from training.data.loader import IGNORED, Batch, Loader

both = pytest.mark.parametrize("packing", ["concat", "bestfit"])
LENGTHS = np.random.RandomState(0).randint(1, 40, size=30).tolist()
EOS = 0


@pytest.fixture(scope="module")
def counting(tmp_path_factory: pytest.TempPathFactory) -> ShardSet:
    """Documents of many lengths whose tokens count upwards, so that a place shows in its value."""
    streams = [list(range(1, 1 + length)) for length in LENGTHS]
    folder = tmp_path_factory.mktemp("counting") / "shards"
    return ShardSet(write_shards(folder, streams, vocab_size=64, eos=EOS, tokenizer="0" * 64))


@pytest.fixture(scope="module")
def unique(tmp_path_factory: pytest.TempPathFactory) -> ShardSet:
    """No token but eos comes twice."""
    ends = np.cumsum(LENGTHS)
    streams = [list(range(1 + end - length, 1 + end)) for length, end in zip(LENGTHS, ends, strict=True)]
    folder = tmp_path_factory.mktemp("unique") / "shards"
    return ShardSet(write_shards(folder, streams, vocab_size=1000, eos=EOS, tokenizer="0" * 64))


def loader(shards: ShardSet, **changes: Any) -> Loader:
    return Loader(shards, **{"context": 7, "global_batch": 4, "seed": 3} | changes)


def whole(parts: list[Batch]) -> Batch:
    return Batch(*(np.concatenate(part) for part in zip(*parts, strict=True)))


def same(one: Batch, other: Batch) -> bool:
    return all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))


# What a sequence is -------------------------------------------------------------------------------------------------


def test_a_sequence_is_t_tokens_and_the_one_after(counting: ShardSet) -> None:
    stream = counting.tokens(0, len(counting))
    last = loader(counting).sequences - 1
    chosen = [0, 5, 2, last]
    found = loader(counting).read(np.array(chosen))
    for sequence, tokens, targets in zip(chosen, found.tokens, found.targets, strict=True):
        assert tokens.tolist() == stream[sequence * 7 : sequence * 7 + 7].tolist()
        assert targets.tolist() == stream[sequence * 7 + 1 : sequence * 7 + 8].tolist()
    assert (len(counting) - 1) - loader(counting).sequences * 7 < 7  # the tail of the stream fills no sequence


@settings(max_examples=30, deadline=None)
@given(context=st.integers(1, 80))
def test_best_fit_predicts_every_token_once_and_nothing_across_documents(unique: ShardSet, context: int) -> None:
    found = loader(unique, packing="bestfit", segments=True, context=context)
    batch = found.read(np.arange(found.sequences))
    assert batch.segments is not None
    used = batch.targets != IGNORED
    stream = unique.tokens(0, len(unique))
    # In its document, eos opens; everywhere else a token is predicted from the one in front of it.
    wanted = list(zip(np.append(EOS, stream[:-1]).tolist(), stream.tolist(), strict=True))
    assert sorted(zip(batch.tokens[used].tolist(), batch.targets[used].tolist(), strict=True)) == sorted(wanted)
    assert (batch.tokens[~used] == EOS).all()
    assert found.padding == 1 - used.mean()
    owner = np.append(0, np.repeat(np.arange(len(LENGTHS)), LENGTHS))  # of each token but eos
    for row in range(len(used)):
        places = np.flatnonzero(used[row])
        assert places.tolist() == list(range(len(places)))
        segments = batch.segments[row]
        assert segments[0] == 0
        assert set(np.diff(segments)) <= {0, 1}
        assert (segments[len(places) :] == (segments[len(places) - 1] + 1)).all()
        for segment in range(segments[len(places) - 1] + 1):
            inside = batch.targets[row][(segments == segment) & used[row]]
            documents = {int(owner[token]) for token in inside if token != EOS}
            assert len(documents) <= 1
            assert (inside[:-1] != EOS).all()  # eos ends a document


@settings(max_examples=30, deadline=None)
@given(context=st.integers(1, 80))
def test_concat_numbers_documents_by_what_is_predicted(counting: ShardSet, context: int) -> None:
    found = loader(counting, segments=True, context=context)
    batch = found.read(np.arange(found.sequences))
    assert batch.segments is not None
    opened = np.diff(batch.segments, axis=1)
    # A document's first token is predicted from the eos in front of it, and belongs to its segment with that.
    assert (opened == (batch.tokens[:, 1:] == EOS)).all()
    assert (batch.segments[:, 0] == 0).all()


def test_documents_that_fit_are_whole_in_best_fit(unique: ShardSet) -> None:
    found = loader(unique, packing="bestfit", context=40)
    for sequence in range(found.sequences):
        [spans] = [list(zip(*(part.tolist() for part in found.layout.token_ranges(np.array([sequence]))), strict=True))]
        for first, end in spans:
            [(_, _, begin, stop)] = unique.documents(first, end)
            assert (first, end) == (begin, stop)


@both
def test_targets_are_counted_without_reading(counting: ShardSet, packing: str, monkeypatch: pytest.MonkeyPatch) -> None:
    found = loader(counting, packing=packing)
    counted = [int((found.batch(step).targets != IGNORED).sum()) for step in range(40)]
    assert packing == "concat" or len(set(counted)) > 1
    ranked = loader(counting, packing=packing, rank=1, world=2)
    monkeypatch.delattr(ShardSet, "gather")
    assert [ranked.targets(step) for step in range(40)] == counted


# Which sequences a step reads ---------------------------------------------------------------------------------------


@both
@settings(max_examples=30, deadline=None)
@given(step=st.integers(0, 200), seed=st.integers(0, 2**32 - 1))
def test_every_world_size_sees_the_same_global_batch(counting: ShardSet, packing: str, step: int, seed: int) -> None:
    about = {"packing": packing, "segments": True, "global_batch": 8, "seed": seed}
    alone = loader(counting, **about).batch(step)
    for world in (2, 4, 8):
        parts = [loader(counting, **about, rank=rank, world=world).batch(step) for rank in range(world)]
        assert same(whole(parts), alone)


@both
@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), lengths=st.tuples(*[st.integers(1, 12)] * 3))
def test_a_run_on_4_then_2_then_8_ranks_is_the_unbroken_one(
    counting: ShardSet, packing: str, seed: int, lengths: tuple[int, int, int]
) -> None:
    about = {"packing": packing, "segments": True, "global_batch": 8, "seed": seed}
    unbroken = loader(counting, **about)
    state = unbroken.state(0)
    for world, steps in zip((4, 2, 8), lengths, strict=True):
        ranks = [loader(counting, **about, rank=rank, world=world) for rank in range(world)]
        start = ranks[0].step_of(state)
        for step in range(start, start + steps):
            assert same(whole([rank.batch(step) for rank in ranks]), unbroken.batch(step))
        state = ranks[0].state(start + steps)
    assert unbroken.step_of(state) == sum(lengths)


@both
@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), batch=st.integers(1, 9), stopped=st.integers(0, 3))
def test_each_epoch_reads_every_sequence_once_also_after_a_resume_in_the_second(
    counting: ShardSet, packing: str, seed: int, batch: int, stopped: int
) -> None:
    found = loader(counting, packing=packing, seed=seed, global_batch=batch)
    n = found.sequences
    resumed = found.step_of(found.state(n // batch + stopped))
    again = loader(counting, packing=packing, seed=seed, global_batch=batch)
    steps = range(-(-3 * n // batch))
    row = np.concatenate([(found if step < resumed else again).samples(step) for step in steps])
    epochs = [row[k * n : (k + 1) * n] for k in range(3)]
    assert all(sorted(epoch.tolist()) == list(range(n)) for epoch in epochs)
    assert epochs[0].tolist() != epochs[1].tolist()


def test_a_batch_larger_than_an_epoch_goes_on_in_the_next(counting: ShardSet) -> None:
    found = loader(counting, global_batch=200)
    small = loader(counting, global_batch=1)
    assert found.samples(1).tolist() == [int(small.samples(step)[0]) for step in range(200, 400)]


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


def test_the_packing_is_frozen(counting: ShardSet) -> None:
    found = loader(counting, packing="bestfit", context=16)
    assert found.sequences == 36
    first, end = found.layout.token_ranges(found.samples(0))
    runs = [(101, 107), (403, 415), (112, 128), (266, 268), (515, 530), (415, 431)]
    assert list(zip(first.tolist(), end.tolist(), strict=True)) == runs


@both
def test_stock_webdataset_reads_the_same_tokens(counting: ShardSet, packing: str) -> None:
    urls = [str(Path(counting.folder) / shard.path) for shard in counting.index.shards]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)  # webdataset leaves its files to the garbage collector
        samples = list(webdataset.WebDataset(urls, shardshuffle=False).decode())
        gc.collect()
    stream = np.concatenate([sample["tokens.npy"] for sample in samples])
    found = loader(counting, packing=packing)
    batch = found.read(np.arange(found.sequences))
    read = np.sort(batch.targets[batch.targets != IGNORED])
    tail = len(stream) - found.sequences * 7
    assert read.tolist() == np.sort(stream[1 : 1 - tail or None] if packing == "concat" else stream).tolist()


# Tracing, state, refusals -------------------------------------------------------------------------------------------


@both
def test_documents_of_a_step_and_the_steps_of_a_document(counting: ShardSet, packing: str) -> None:
    found = loader(counting, packing=packing)
    steps = 30  # into the second epoch
    readers: dict[str, set[int]] = {}
    places: dict[str, tuple[int, int]] = {}
    for step in range(steps):
        for (sequence, sources), wanted in zip(
            found.sequence_documents(step), found.samples(step).tolist(), strict=True
        ):
            assert sequence == wanted
            first, end = found.layout.token_ranges(np.array([sequence]))
            for source in sources:
                assert any((source.first < end) & (source.end > first))
                readers.setdefault(source.doc_id, set()).add(step)
                places[source.doc_id] = (source.first, source.end)
    assert set(readers) <= {doc_id(number).hex() for number in range(30)}
    assert len(readers) >= 29  # the tail of the stream may be shorter than a sequence
    some = sorted(places.items(), key=lambda place: place[1])[::7]  # in the order of the stream
    firsts, ends = np.array([place for _, place in some]).T
    assert found.steps_reading(firsts, ends, steps) == sorted(set().union(*(readers[name] for name, _ in some)))
    assert found.steps_reading(firsts[:0], ends[:0], steps) == []
    for name, (first, end) in places.items():
        assert found.steps_reading(np.array([first]), np.array([end]), steps) == sorted(readers[name])


@both
def test_the_steps_that_read_a_token(unique: ShardSet, packing: str) -> None:
    found = loader(unique, packing=packing)
    stream = unique.tokens(0, len(unique))
    read = [{*batch.tokens.ravel().tolist(), *batch.targets.ravel().tolist()} for batch in map(found.batch, range(30))]
    for place in np.flatnonzero(stream != EOS)[:-7].tolist():
        wanted = [step for step, tokens in enumerate(read) if int(stream[place]) in tokens]
        assert found.steps_reading(np.array([place]), np.array([place + 1]), 30) == wanted


def test_state_is_one_integer_and_the_fingerprint(counting: ShardSet, data: Data) -> None:
    state = loader(counting).state(9)
    assert state == {"samples": 36, "fingerprint": counting.fingerprint}
    assert loader(counting).step_of(state) == 9
    with pytest.raises(ValueError, match=r"no multiple of the global batch 5"):
        loader(counting, global_batch=5).step_of(state)
    other = ShardSet(data.shards)
    with pytest.raises(ValueError, match=f"{counting.fingerprint}.*{other.fingerprint}"):
        loader(other).step_of(state)


def test_refusals_name_the_value(counting: ShardSet) -> None:
    with pytest.raises(ValueError, match="batch of 4 sequences is not divisible by 3 ranks"):
        loader(counting, world=3)
    with pytest.raises(ValueError, match="packing 'worstfit' is unknown; choose one of concat, bestfit"):
        loader(counting, packing="worstfit")
    with pytest.raises(ValueError, match=r"fewer than one sequence of 100000"):
        loader(counting, context=100_000)


@both
def test_an_id_outside_the_vocabulary_is_refused(packing: str, tmp_path: Path) -> None:
    folder = write_shards(tmp_path / "wrong", [[1, 2, 99, 3]] * 8, vocab_size=64, eos=EOS, tokenizer="0" * 64)
    with pytest.raises(ValueError, match="token 99 lies outside the vocabulary of 64"):
        loader(ShardSet(folder), packing=packing).batch(0)
