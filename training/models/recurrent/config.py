"""Config: the shape of a recurrent language model, with one width for embeddings and states, and tied embeddings.

D width   V vocabulary   G matrices of a cell: 4 of an LSTM, 3 of a GRU, 1 of an RNN
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from training.models.config import ModelConfig

if TYPE_CHECKING:
    from training.models.recurrent.network import Recurrent

GATES = {"lstm": 4, "gru": 3, "rnn": 1}


@dataclass(frozen=True, kw_only=True)
class RecurrentConfig(ModelConfig):
    """`model_type` is the kind of cell. It reads any length; `max_position_embeddings` is that of training."""

    CAUSAL = True
    DOCUMENT_MASKS = False
    OBJECTIVES = ("next_token",)

    model_type: str = "lstm"

    @property
    def gates(self) -> int:
        return GATES[self.model_type]

    @property
    def matrix_parameters(self) -> int:
        d = self.hidden_size
        return self.num_hidden_layers * (self.gates * (2 * d * d + 2 * d) + 2 * d) + 2 * d

    @property
    def parameters(self) -> int:
        return self.matrix_parameters + self.vocab_size * self.hidden_size

    @property
    def flops_per_token(self) -> int:
        return 6 * self.parameters

    def activation_bytes(self, item: int) -> int:
        """The gates, states and norm of each layer, the states in float32."""
        layer = self.hidden_size * (item * self.gates + 4 * 6)
        return self.num_hidden_layers * layer + self.hidden_size * (8 + 3 * item)

    def exported(self) -> dict[str, Any]:
        """For ours alone: transformers has no such architecture."""
        return self.asdict()

    def build(self, seed: int = 0, *, dropout: float = 0.0, label_smoothing: float = 0.0) -> Recurrent:
        from training.models.recurrent.network import Recurrent

        return Recurrent(self, seed, dropout=dropout, label_smoothing=label_smoothing)


@dataclass(frozen=True, kw_only=True)
class GruConfig(RecurrentConfig):
    model_type: str = "gru"


@dataclass(frozen=True, kw_only=True)
class RnnConfig(RecurrentConfig):
    model_type: str = "rnn"
