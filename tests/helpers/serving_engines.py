"""Engines without a server, for tests that ask them directly."""

from __future__ import annotations

import queue
import random
from typing import Any

from training.inference.sampling import GREEDY
from training.models.module import CausalModel
from training.serving.config import ServingConfig
from training.serving.engine import Engine
from training.serving.generation import Piece, Question
from training.serving.metrics import Metrics
from training.serving.served_model import ServedModel


def start_engine(served: ServedModel, ends: frozenset[int] | None = None, **limits: Any) -> Engine:
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


def question(drawn: random.Random, tokens: int = 0, **changes: Any) -> Question:
    prompt = [drawn.randrange(1, 500) for _ in range(tokens or drawn.randint(1, 40))]
    return Question(**{"prompt": prompt, "max_tokens": drawn.randint(1, 12), "sampling": GREEDY, **changes})
