"""Config: the shape of a gated convolutional language model, with tied embeddings.

D width   V vocabulary   W tokens that a convolution sees   L layers
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from training.models.config import ModelConfig

if TYPE_CHECKING:
    from training.models.convolutional.network import Convolutional

LARGEST_STEP = 16


@dataclass(frozen=True, kw_only=True)
class ConvolutionalConfig(ModelConfig):
    """`kernel_size`: W. Layer l looks back in steps of 2^l tokens, at most LARGEST_STEP (van den Oord et al. 2016)."""

    CAUSAL = True
    DOCUMENT_MASKS = False
    OBJECTIVES = ("next_token",)

    model_type: str = "gated_convolution"
    kernel_size: int = 4

    @property
    def steps(self) -> list[int]:
        """Of each layer, in tokens."""
        return [min(2**layer, LARGEST_STEP) for layer in range(self.num_hidden_layers)]

    @property
    def seen(self) -> int:
        """Tokens on which a prediction depends."""
        return 1 + sum((self.kernel_size - 1) * step for step in self.steps)

    @property
    def matrix_parameters(self) -> int:
        d = self.hidden_size
        layer = 2 * d * d * self.kernel_size + 2 * d + d * d + d + 2 * d
        return self.num_hidden_layers * layer + 2 * d

    @property
    def parameters(self) -> int:
        return self.matrix_parameters + self.vocab_size * self.hidden_size

    @property
    def flops_per_token(self) -> int:
        return 6 * self.parameters

    def activation_bytes(self, item: int) -> int:
        layer = self.hidden_size * (item * (4 + self.kernel_size) + 8)
        return self.num_hidden_layers * layer + self.hidden_size * (8 + 3 * item)

    def exported(self) -> dict[str, Any]:
        """For ours alone: transformers has no such architecture."""
        return self.asdict()

    def build(self, seed: int = 0, *, dropout: float = 0.0, label_smoothing: float = 0.0) -> Convolutional:
        from training.models.convolutional.network import Convolutional

        return Convolutional(self, seed, dropout=dropout, label_smoothing=label_smoothing)
