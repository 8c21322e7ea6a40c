"""The engine: an answer is the same to the bit alone and in a crowd, and who goes leaves."""

from __future__ import annotations

import queue
import random
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from served_models import wait_until

from training.inference.decoding import decode
from training.inference.sampling import GREEDY, Sampling
from training.models.cache import KeyValueCache
from training.models.module import CausalModel
from training.serving import engine as engine_module
from training.serving.config import ServingConfig
from training.serving.engine import BusyError, Engine
from training.serving.generation import Piece, Question
from training.serving.metrics import Metrics
from training.serving.rows import PIECE, choose_rows, new_text_cache
from training.serving.served_model import ServedModel, load_served

CROWD = 1000
BYTES_PER_TOKEN = 2 * 2 * 2 * 8 * 4  # keys and values of 2 layers with 2 heads of 8, in float32


@pytest.fixture(scope="module")
def served(served_folder: Path) -> ServedModel:
    return load_served(served_folder, "random")


@pytest.fixture
def engine(served: ServedModel) -> Iterator[Engine]:
    started = start(served, frozenset())
    yield started
    started.stop()


def start(served: ServedModel, ends: frozenset[int] | None = None, **limits: Any) -> Engine:
    texts, model = served.texts, served.model
    assert isinstance(model, CausalModel)
    return Engine(model, texts.decode, texts.ends if ends is None else ends, ServingConfig(**limits), Metrics())


def ask(engine: Engine, question: Question) -> queue.SimpleQueue[Piece]:
    pieces: queue.SimpleQueue[Piece] = queue.SimpleQueue()
    engine.submit([(question, pieces.put)])
    return pieces


def read(pieces: queue.SimpleQueue[Piece]) -> list[Piece]:
    """All of an answer's."""
    found = [pieces.get(timeout=60)]
    while found[-1].finish is None:
        found.append(pieces.get(timeout=60))
    return found


def told(pieces: list[Piece]) -> list[tuple[int, float, tuple[tuple[int, float], ...]]]:
    """Its tokens and log probabilities, which differ when one bit of the logits does."""
    return [(token.id, token.log_probability, tuple(token.likeliest)) for piece in pieces for token in piece.tokens]


def question(drawn: random.Random, tokens: int = 0, **changes: Any) -> Question:
    prompt = [drawn.randrange(1, 500) for _ in range(tokens or drawn.randint(1, 40))]
    return Question(**{"prompt": prompt, "max_tokens": drawn.randint(1, 12), "sampling": GREEDY, **changes})


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
    engine = start(served, slots=64, queue=2 * CROWD)
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
    engine = start(served, frozenset(), memory_bytes=100 * BYTES_PER_TOKEN)
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
    engine = start(served, frozenset(), memory_bytes=held * BYTES_PER_TOKEN)
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
    engine = start(served, frozenset(), slots=1, queue=2)
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
    engine = start(served, frozenset(), slots=1, queue=3)
    try:
        pieces: queue.SimpleQueue[Piece] = queue.SimpleQueue()
        writing, waiting = engine.submit([(question(drawn, max_tokens=450), pieces.put)] * 2)
        pieces.get(timeout=60)
        engine.cancel([writing, waiting])
        wait_until(lambda: engine.idle)
        assert len(writing.ids) < 450 and not waiting.ids
    finally:
        engine.stop()


def test_what_cannot_be_drawn_ends_its_own_answer_alone(engine: Engine) -> None:
    drawn = random.Random(11)
    beside = ask(engine, question(drawn, max_tokens=30))
    broken = ask(engine, question(drawn, sampling=Sampling(temperature=1e-310)))
    assert (read(broken)[-1].finish, read(beside)[-1].finish) == ("error", "length")


def test_an_error_of_the_model_ends_what_runs_and_the_next_is_answered(
    served: ServedModel, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    model: Any = served.model
    hidden, failed = model.hidden, threading.Event()

    def failing(*given: Any) -> Any:
        if not failed.is_set():
            failed.set()
            raise RuntimeError("the secret prompt")
        return hidden(*given)

    monkeypatch.setattr(model, "hidden", failing)
    drawn = random.Random(10)
    assert read(ask(engine, question(drawn)))[-1].finish == "error"
    assert read(ask(engine, question(drawn)))[-1].finish in ("stop", "length")


def test_what_finds_no_memory_ends_its_own_answer_alone(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    def allocate(model: CausalModel, capacity: int) -> KeyValueCache:
        if capacity > 1000:
            raise RuntimeError("can't allocate memory")
        return new_text_cache(model, capacity)

    monkeypatch.setattr(engine_module, "new_text_cache", allocate)
    drawn = random.Random(12)
    beside = ask(engine, question(drawn, max_tokens=30))
    large = ask(engine, question(drawn, max_tokens=1000))
    assert (read(large)[-1].finish, read(beside)[-1].finish) == ("error", "length")
    assert read(ask(engine, question(drawn)))[-1].finish == "length" and engine.alive


def test_a_text_that_cannot_be_decoded_ends_its_own_answer_alone(served: ServedModel) -> None:
    """Also where it is the end of an answer that is decoded."""

    def decode(ids: list[int]) -> str:
        if any(number > 250 for number in ids):
            raise ValueError("no such token")
        return "a" * len(ids)

    model: Any = served.model
    engine = Engine(model, decode, frozenset(), ServingConfig(), Metrics())
    try:
        drawn = random.Random(13)
        asked = [ask(engine, question(drawn, max_tokens=40, sampling=Sampling(seed=number))) for number in range(4)]
        assert [read(pieces)[-1].finish for pieces in asked] == ["error"] * 4 and engine.alive
    finally:
        engine.stop()


def test_what_had_ended_before_an_error_of_its_step_is_told_of_no_error(
    served: ServedModel, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    model: Any = served.model
    hidden, drawn = model.hidden, random.Random(14)

    def failing(tokens: torch.Tensor, *rest: Any) -> Any:
        if tokens.shape[1] == 33:
            raise RuntimeError("no")
        return hidden(tokens, *rest)

    monkeypatch.setattr(model, "hidden", failing)
    pieces: list[queue.SimpleQueue[Piece]] = [queue.SimpleQueue() for _ in range(2)]
    asked = [question(drawn, 9, max_tokens=1), question(drawn, 33)]
    engine.submit([(one, put.put) for one, put in zip(asked, pieces, strict=True)])  # both prompts are read in one step
    assert [read(one)[-1].finish for one in pieces] == ["length", "error"]
    wait_until(lambda: engine.idle)
    assert pieces[0].empty() and pieces[1].empty()
