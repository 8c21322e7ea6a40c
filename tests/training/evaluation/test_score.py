from __future__ import annotations

import math
import random
import sys
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
import torch
from scored_checkpoints import heldout_items, reference, scored
from small_corpus import CONTEXT, Data, run

from corpus.shards.reader import ShardSet
from training.evaluation.catalog import TASKS
from training.evaluation.language_model import LanguageModel
from training.evaluation.score import write_score
from training.inference.batches import build_batches
from training.inference.model import TrainedModel
from training.inference.questions import Question, continuation_questions, split_into_windows


def choices(data: Data) -> list[tuple[str, str]]:
    """Items of one to five choices with contexts from nothing to far beyond what the model reads."""
    draw, text = random.Random(0), data.heldout_texts[0]
    pairs = []
    for _ in range(24):
        begin, size = draw.randrange(2000), draw.choice([0, 1, 20, 40, 60, 400])
        longest = draw.choice([3, 12, 150])
        for _ in range(draw.randint(1, 5)):
            end = draw.randrange(2000)
            pairs.append((text[begin : begin + size], " " + text[end : end + draw.randint(1, longest)]))
    return pairs


@pytest.mark.parametrize("size", [1, 8, 32, None])
def test_choices_that_share_a_row_score_as_each_read_alone(data: Data, trained: TrainedModel, size: int | None) -> None:
    questions = continuation_questions(choices(data), trained.encode, trained.prefix)
    totals, greedy = LanguageModel(trained, size)._score(questions)
    for question, total, hit in zip(questions, totals, greedy, strict=True):
        likelihoods, wanted = reference(trained, question)
        assert total == pytest.approx(sum(likelihoods), abs=1e-4)
        assert hit == wanted
    found = list(build_batches(questions, CONTEXT, size, branches=True))
    assert any(batch.branched for batch in found) == (size != 1)
    assert all(len({tuple(piece.tokens) for piece in batch.pieces}) <= (size or 1000) for batch in found)


def test_each_asked_token_is_asked_once_however_batches_fall(data: Data, trained: TrainedModel) -> None:
    questions = continuation_questions(choices(data), trained.encode, trained.prefix)
    for size, trees in ((1, True), (7, False), (None, True)):
        pieces = [piece for batch in build_batches(questions, CONTEXT, size, branches=trees) for piece in batch.pieces]
        found: dict[int, list[int]] = {}
        for piece in sorted(pieces, key=lambda piece: piece.window):
            found.setdefault(piece.question, []).extend(piece.targets)
        assert [found[n] for n in range(len(questions))] == [q.tokens[q.start :] for q in questions]


@pytest.mark.parametrize("length", [2, 8, 9, 10, 13, 50])
@pytest.mark.parametrize("start", [1, 5, 9, 12])
def test_windows_ask_each_token_once_and_read_no_more_than_a_context(start: int, length: int) -> None:
    found = list(split_into_windows(Question(list(range(length)), start), 8))
    assert [place for window in found for place in range(window.start, window.stop)] == list(range(start, length))
    assert all(0 < window.stop - 1 - window.begin <= 8 and window.begin < window.start for window in found)


def test_context_and_continuation_are_cut_at_the_white_space(data: Data, trained: TrainedModel) -> None:
    one, two = continuation_questions(
        [("return the value", " of"), ("return the value ", "of")], trained.encode, trained.prefix
    )
    assert one == two and trained.decode(one.tokens[one.start :]) == " of"
    (empty,) = continuation_questions([("", "of")], trained.encode, trained.prefix)
    assert empty.tokens[0] == data.eos and empty.start == 1
    (white,) = continuation_questions([(" \n", "of")], trained.encode, trained.prefix)
    assert trained.decode(white.tokens[white.start :]) == " \nof"


def test_bits_per_byte_is_nats_over_bytes(data: Data, checkpoint: Path, trained: TrainedModel, tmp_path: Path) -> None:
    path = heldout_items(data, "bits_per_byte", tmp_path / "items.parquet")
    found, table = scored(data, checkpoint, TASKS["bits_per_byte"], path)
    rows = pq.read_table(path).to_pylist()
    tokens = [trained.encode([row["text"]], True)[0] for row in rows]
    nats = [-sum(reference(trained, Question([data.eos, *ids], 1))[0]) for ids in tokens]
    size = sum(len(row["text"].encode()) for row in rows)
    assert found["score"]["value"] == pytest.approx(sum(nats) / math.log(2) / size, rel=1e-5)
    assert found["score"]["low"] < found["score"]["value"] < found["score"]["high"]
    counts = np.bincount(ShardSet(data.shards).tokens(0, len(ShardSet(data.shards))), minlength=512) + 1
    shares = counts / counts.sum()
    every = [token for ids in tokens for token in ids]
    unigram, untrained = found["beside"]["unigram"]["value"], found["beside"]["untrained"]["value"]
    assert unigram == pytest.approx(-np.log2(shares[every]).sum() / size)
    assert untrained == pytest.approx(len(every) * 9 / size, rel=0.02)
    assert found["score"]["value"] < unigram < untrained
    assert [-value[0] for value in table["log_likelihoods"].to_pylist()] == pytest.approx(nats, abs=1e-3)


def test_last_word_wants_every_token_to_be_the_likeliest(
    data: Data, checkpoint: Path, trained: TrainedModel, tmp_path: Path
) -> None:
    path = heldout_items(data, "last_word", tmp_path / "items.parquet")
    found, table = scored(data, checkpoint, TASKS["last_word"], path)
    rows = pq.read_table(path).to_pylist()
    pairs = [(row["context"], row["target"]) for row in rows]
    wanted = [
        reference(trained, question)[1] for question in continuation_questions(pairs, trained.encode, trained.prefix)
    ]
    assert table["value"].to_pylist() == wanted and found["score"]["value"] == sum(wanted) / len(wanted)
    assert found["chance"] is None and found["clusters"] == len(rows) // 2


def test_continuation_takes_the_likeliest_ending_a_byte(data: Data, checkpoint: Path, tmp_path: Path) -> None:
    path = heldout_items(data, "continuation", tmp_path / "items.parquet")
    found, table = scored(data, checkpoint, TASKS["continuation"], path)
    for row, kept in zip(pq.read_table(path).to_pylist(), table.to_pylist(), strict=True):
        rates = [
            total / len(ending.encode()) for total, ending in zip(kept["log_likelihoods"], row["endings"], strict=True)
        ]
        assert kept["value"] == kept["acc_bytes"] == (rates[1] > rates[0]) and kept["gold"] == 1
        assert kept["bytes"] == [len(ending.encode()) for ending in row["endings"]]
    assert found["chance"] == 0.5 and found["n"] == table.num_rows


def test_the_command_writes_the_same_bytes_again(data: Data, checkpoint: Path, tmp_path: Path) -> None:
    path = heldout_items(data, "bits_per_byte", tmp_path / "items.parquet")
    write_score(tmp_path / "one", *scored(data, checkpoint, TASKS["bits_per_byte"], path))
    flags = ["--checkpoint", checkpoint, "--task", "bits_per_byte", "--data", path, "--out", tmp_path / "two"]
    flags += ["--shards", data.shards, "--threads", torch.get_num_threads()]
    done = run([sys.executable, "-m", "training.evaluation.score", *map(str, flags)])
    assert done.returncode == 0 and "unigram" in done.stdout, done.stderr
    for name in ("score.json", "items.parquet"):
        one, two = ((tmp_path / side / "bits_per_byte" / name).read_bytes() for side in ("one", "two"))
        assert one == two
