"""Embeddings: the vector of a text, the mean of an encoder's states over its tokens.

Texts are read one at a time, so that a vector does not depend on those asked beside it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import torch

from training.models.module import MaskedModel
from training.serving.config import ServingConfig
from training.serving.engine import BusyError, TooManyError
from training.serving.metrics import Metrics


class Embedder:
    """Called from one event loop."""

    def __init__(self, model: MaskedModel, config: ServingConfig, metrics: Metrics) -> None:
        self._model, self._config, self._metrics = model.eval(), config, metrics
        self._thread = ThreadPoolExecutor(1, "embedder")
        self._waiting = 0

    @property
    def idle(self) -> bool:
        return not self._waiting

    async def embed(self, texts: Sequence[Sequence[int]]) -> list[list[float]]:
        """A vector for each text of token ids. Raises TooManyError where they are more than the queue holds, BusyError
        where too many wait already."""
        room = self._config.queue
        if len(texts) > room:
            raise TooManyError(f"{len(texts)} texts are given at once, of at most {room}; give fewer")
        if self._waiting + len(texts) > room:
            raise BusyError(f"{self._waiting} texts wait already, of at most {room}; ask again later")
        self._waiting += len(texts)
        self._metrics.waiting.set(self._waiting)
        vectors: list[list[float]] = []
        try:
            for text in texts:  # between two of them others have their turn
                vectors.append(await asyncio.get_running_loop().run_in_executor(self._thread, self._read, text))
        finally:
            self._waiting -= len(texts)
            self._metrics.waiting.set(self._waiting)
        return vectors

    def stop(self) -> None:
        self._thread.shutdown(cancel_futures=True)

    @torch.inference_mode()
    def _read(self, text: Sequence[int]) -> list[float]:
        self._metrics.prompt_tokens.inc(len(text))
        found: list[float] = self._model.hidden(torch.tensor([text]))[0].mean(0).tolist()
        return found
