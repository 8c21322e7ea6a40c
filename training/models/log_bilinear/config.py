"""Config: the shape of a log-bilinear language model, with tied embeddings.

D width   V vocabulary   W tokens that a prediction sees
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from training.models.config import ModelConfig
from training.shape import Size

if TYPE_CHECKING:
    from training.models.log_bilinear.network import LogBilinear


@dataclass(frozen=True, kw_only=True)
class LogBilinearConfig(ModelConfig):
    """`window`: W. It has one layer, whatever the size says."""

    CAUSAL = True
    DOCUMENT_MASKS = False
    OBJECTIVES = ("next_token",)

    model_type: str = "log_bilinear"
    window: int = 8

    @classmethod
    def further(cls, size: Size) -> dict[str, Any]:
        return {"num_hidden_layers": 1}

    @property
    def matrix_parameters(self) -> int:
        return self.window * self.hidden_size**2 + 2 * self.hidden_size

    @property
    def parameters(self) -> int:
        return self.matrix_parameters + self.vocab_size * self.hidden_size

    @property
    def flops_per_token(self) -> int:
        return 6 * self.parameters

    def activation_bytes(self, item: int) -> int:
        return self.hidden_size * (item * (self.window + 2) + 8)

    def exported(self) -> dict[str, Any]:
        """For ours alone: transformers has no such architecture."""
        return self.asdict()

    def build(self, seed: int = 0, *, dropout: float = 0.0, label_smoothing: float = 0.0) -> LogBilinear:
        from training.models.log_bilinear.network import LogBilinear

        return LogBilinear(self, seed, dropout=dropout, label_smoothing=label_smoothing)
