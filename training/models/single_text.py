"""Single text: causal models to which each row is one text, with neither segments nor branches.

B texts   T tokens   D width   V vocabulary
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Sequence
from typing import Any

from torch import Tensor, nn

from training.models.config import ModelConfig
from training.models.module import CausalModel


class SingleTextModel(CausalModel):
    """With tied embeddings and a norm before the output. A model draws its weights by itself."""

    branches = False

    def __init__(self, config: ModelConfig, layers: Iterable[nn.Module], label_smoothing: float) -> None:
        super().__init__()
        self.config, self.label_smoothing = config, label_smoothing
        self.embed_tokens = nn.Embedding(config.vocab_size, config.hidden_size)
        self.layers = nn.ModuleList(layers)
        self.norm = nn.LayerNorm(config.hidden_size)

    @property
    def blocks(self) -> Sequence[nn.Module]:
        return list(self.layers)

    @property
    def head(self) -> Tensor:
        return self.embed_tokens.weight

    @abstractmethod
    def states(self, tokens: Tensor, cache: Any) -> Tensor:
        """`hidden`, of texts [B, T], or with a cache of what follows those that it has read."""

    def hidden(
        self,
        tokens: Tensor,
        cache: Any = None,
        segments: Tensor | None = None,
        tree: tuple[Tensor, Tensor] | None = None,
    ) -> Tensor:
        assert segments is None and tree is None, f"{self.config.model_type} reads one text after another"
        return self.states(tokens, cache)
