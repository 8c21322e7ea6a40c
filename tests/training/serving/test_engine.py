"""The engine: an answer is the same to the bit alone and in a crowd, and who goes leaves."""

from __future__ import annotations

import queue
import random
from typing import Any

import pytest
import torch
from served_models import wait_until
from serving_engines import ask, question, read, start_engine

from training.inference.decoding import decode
from training.inference.sampling import GREEDY, Sampling
from training.serving.engine import BusyError, Engine
from training.serving.generation import Piece
from training.serving.rows import PIECE, choose_rows
from training.serving.served_model import ServedModel

CROWD = 1000
BYTES_PER_TOKEN = 2 * 2 * 2 * 8 * 4  # keys and values of 2 layers with 2 heads of 8, in float32


def told(pieces: list[Piece]) -> list[tuple[int, float, tuple[tuple[int, float], ...]]]:
    """Its tokens and log probabilities, which differ when one bit of the logits does."""
    return [(token.id, token.log_probability, tuple(token.likeliest)) for piece in pieces for token in piece.tokens]


def test_an_answer_is_the_same_alone_and_among_a_thousand(served: ServedModel) -> None:
    """Greedy and drawn, of prompts of one and of several pieces; the crowd has other lengths, and joins and leaves at
    all moments."""
    drawn = random.Random(5)
    asked = [
        question(drawn, tokens, max_tokens=24, sampling=sampling, likeliest=5)
        for tokens, sampling in (
            (1, GREEDY),
            (9, Sampling(temperature=1.0, top_k=0, seed=7)),
            (PIECE + 30, GREEDY),
            (2 * PIECE + 1, Sampling(temperature=0.9, top_k=20, top_p=0.95, seed=8)),
        )
    ]
    engine = start_engine(served, slots=64, queue=2 * CROWD)
    try:
        alone = [told(read(ask(engine, one))) for one in asked]
        crowd = [ask(engine, question(drawn)) for _ in range(CROWD // 2)]
        beside = []
        for one in asked:
            beside.append(ask(engine, one))
            crowd += [ask(engine, question(drawn)) for _ in range(CROWD // 8)]
        assert [told(read(pieces)) for pieces in beside] == alone
        assert all(read(pieces)[-1].finish in ("stop", "length") for pieces in crowd)
    finally:
        engine.stop()
    assert len(crowd) == CROWD and all(len(one) == 24 for one in alone)


def test_answers_are_those_of_generating_by_itself(served: ServedModel, engine: Engine) -> None:
    drawn = random.Random(6)
    for tokens in (1, 30, PIECE, PIECE + 1, 300):
        one = question(drawn, tokens, max_tokens=16, likeliest=0)
        [expected] = decode(served.model, [list(one.prompt)], max_tokens=16, sampling=GREEDY)  # type: ignore[arg-type]
        assert [token[0] for token in told(read(ask(engine, one)))] == expected


def test_rows_that_depend_on_each_other_are_found_out(served: ServedModel, monkeypatch: pytest.MonkeyPatch) -> None:
    """Then texts go one by one."""
    model: Any = served.model
    hidden = model.hidden

    def leaking(tokens: torch.Tensor, *rest: Any) -> torch.Tensor:
        found: torch.Tensor = hidden(tokens, *rest)
        return found + 1e-6 * found.sum(0, keepdim=True) if len(found) > 1 else found

    assert choose_rows(model) in (2, 4, 8)
    monkeypatch.setattr(model, "hidden", leaking)
    assert choose_rows(model) == 1


def test_what_can_never_fit_is_refused_before_it_starts(served: ServedModel) -> None:
    drawn = random.Random(7)
    engine = start_engine(served, frozenset(), memory_bytes=100 * BYTES_PER_TOKEN)
    try:
        with pytest.raises(ValueError, match="500 tokens and max_tokens is 1549, together more than the 2048"):
            engine.submit([(question(drawn, 500, max_tokens=1549), print)])
        with pytest.raises(ValueError, match="keys and values take 25856 bytes; the server has 25600"):
            engine.submit([(question(drawn, 50, max_tokens=51), print)])
        several = [ask(engine, question(drawn, 50, max_tokens=50)) for _ in range(3)]  # one after another
        assert [read(pieces)[-1].generated for pieces in several] == [50, 50, 50]
    finally:
        engine.stop()


@pytest.mark.parametrize(
    ("held", "prompt", "tokens"),
    [
        (100, 20, 25),  # a quarter of the memory
        (100, 90, 10),  # what the memory has left
        (100, 100, 1),  # nothing, so that `check` says why
        (10**5, 2000, 48),  # what the context of 2048 has left
    ],
)
def test_an_answer_of_no_chosen_length_fits(served: ServedModel, held: int, prompt: int, tokens: int) -> None:
    drawn = random.Random(15)
    engine = start_engine(served, frozenset(), memory_bytes=held * BYTES_PER_TOKEN)
    try:
        asked = question(drawn, prompt, max_tokens=engine.default_tokens(prompt))
        assert asked.max_tokens == tokens
        if prompt < held:
            engine.check(asked)
        else:
            with pytest.raises(ValueError, match="lower max_tokens"):
                engine.check(asked)
    finally:
        engine.stop()


def test_a_full_queue_refuses_all_of_what_comes_and_takes_none(served: ServedModel) -> None:
    drawn = random.Random(8)
    engine = start_engine(served, frozenset(), slots=1, queue=2)
    try:
        asked = [ask(engine, question(drawn, max_tokens=400)) for _ in range(2)]
        with pytest.raises(BusyError, match="2 answers are being written or wait, of at most 3"):
            engine.submit([(question(drawn), print)] * 2)
        asked.append(ask(engine, question(drawn, max_tokens=1)))
        assert [read(pieces)[-1].finish for pieces in asked] == ["length"] * 3
    finally:
        engine.stop()


def test_who_goes_leaves_at_once_whether_it_waits_reads_or_writes(served: ServedModel) -> None:
    drawn = random.Random(9)
    engine = start_engine(served, frozenset(), slots=1, queue=3)
    try:
        pieces: queue.SimpleQueue[Piece] = queue.SimpleQueue()
        writing, waiting = engine.submit([(question(drawn, max_tokens=450), pieces.put)] * 2)
        pieces.get(timeout=60)
        engine.cancel([writing, waiting])
        wait_until(lambda: engine.idle)
        assert len(writing.ids) < 450 and not waiting.ids
    finally:
        engine.stop()
