"""The engine where something fails: answers that it does not concern go on, and so does the engine."""

from __future__ import annotations

import queue
import random
import threading
from typing import Any

import pytest
import torch
from served_models import wait_until
from serving_engines import ask, question, read

from training.inference.sampling import Sampling
from training.models.cache import KeyValueCache
from training.models.module import CausalModel
from training.serving import engine as engine_module
from training.serving.config import ServingConfig
from training.serving.engine import Engine
from training.serving.generation import Piece
from training.serving.metrics import Metrics
from training.serving.rows import new_text_cache
from training.serving.served_model import ServedModel


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
