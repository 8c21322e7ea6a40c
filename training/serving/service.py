"""Service: a model at work, with all that its routes ask."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from training.models.module import CausalModel
from training.serving.baseline import Baseline
from training.serving.config import ServingConfig
from training.serving.drift import Drift
from training.serving.embeddings import Embedder
from training.serving.engine import Engine
from training.serving.errors import RefusedError
from training.serving.metrics import Metrics
from training.serving.prompt_log import PromptLog
from training.serving.served_model import ServedModel


class Service:
    """An engine where it continues texts, an embedder where it has vectors of them."""

    def __init__(
        self,
        served: ServedModel,
        config: ServingConfig,
        baseline: Baseline | None = None,
        prompt_log: PromptLog | None = None,
    ) -> None:
        """With a `baseline` prompts are compared with it; with a `prompt_log` they are written there. Raises ValueError
        for a model that cannot be served."""
        self.prompt_log = prompt_log
        self.served, self.config, self.metrics, self.draining = served, config, Metrics(), False
        self.engine: Engine | None = None
        self.embedder: Embedder | None = None
        self.drift: Drift | None = None
        decode = served.texts.decode
        if not isinstance(served.model, CausalModel):
            if baseline is not None or prompt_log is not None:
                raise ValueError(f"{served.name} does not continue texts: it is asked no prompts to compare or to log")
            self.embedder = Embedder(served.model, config, self.metrics)
            return
        if baseline is not None:
            self.drift = Drift(baseline, decode, config.compared_prompts, self.metrics.registry)
        self.engine = Engine(served.model, decode, served.texts.ends, config, self.metrics, self.drift)

    @property
    def idle(self) -> bool:
        return all(part.idle for part in (self.engine, self.embedder) if part is not None)

    @property
    def ready(self) -> bool:
        """Whether what is asked now will be answered."""
        return not self.draining and (self.engine is None or self.engine.alive)

    def stop(self) -> None:
        for part in (self.engine, self.embedder, self.drift):
            if part is not None:
                part.stop()

    def record(self, asked: dict[str, Any], answers: Sequence[str]) -> None:
        """Writes what was asked and answered where that is wanted."""
        if self.prompt_log is not None:
            self.prompt_log.write({"model": self.served.digest, **asked}, answers)

    def check_model(self, name: str | None) -> None:
        if name not in (None, self.served.name):
            message = f"there is no such model here; the model is {self.served.name}"
            raise RefusedError(404, message, code="model_not_found", param="model")

    def to_ids(self, given: str | Sequence[int], param: str) -> list[int]:
        if isinstance(given, str):
            return self.served.texts.encode(given)
        size = self.served.model.config.vocab_size
        if max(given) >= size:
            message = f"{param}: the token {max(given)} is none of the model's {size}"
            raise RefusedError(422, message, code="invalid_value", param=param)
        return list(given)
