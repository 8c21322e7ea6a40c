"""Config: the shape of an encoder of the BERT architecture, in the names of Hugging Face's config.json.

D width   F width of the MLP   V vocabulary   T positions
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from training.models.block_config import BlockConfig
from training.models.size import block_activations, block_parameters

if TYPE_CHECKING:
    from training.models.module import TrainableModel


@dataclass(frozen=True, kw_only=True)
class BertConfig(BlockConfig):
    """`type_vocab_size`: kinds of segments, of which training uses the first."""

    OBJECTIVES = ("masked_tokens",)

    model_type: str = "bert"
    layer_norm_eps: float = 1e-12
    type_vocab_size: int = 2

    @property
    def positions(self) -> int:
        """Rows of the table of positions."""
        return self.max_position_embeddings

    @property
    def matrix_parameters(self) -> int:
        """The blocks, and the transformation before the output matrix; both norms around them and the output's bias."""
        d = self.hidden_size
        head = d * d + d + 2 * d + self.vocab_size
        return self.num_hidden_layers * block_parameters(d, self.intermediate_size) + 2 * d + head

    @property
    def parameters(self) -> int:
        tables = self.vocab_size + self.positions + self.type_vocab_size
        return self.matrix_parameters + tables * self.hidden_size

    def activation_bytes(self, item: int) -> int:
        block = block_activations(self.hidden_size, self.intermediate_size, item)
        return self.num_hidden_layers * block + self.hidden_size * (16 + 3 * item)

    def exported(self) -> dict[str, Any]:
        return {
            "architectures": ["BertForMaskedLM"],
            "attention_probs_dropout_prob": 0.0,
            "bos_token_id": self.eos_token_id,
            "dtype": "float32",
            "hidden_act": "gelu",
            "hidden_dropout_prob": 0.0,
            "pad_token_id": self.eos_token_id,
            "tie_word_embeddings": True,
            **self.asdict(),
        }

    def build(self, seed: int = 0, *, dropout: float = 0.0, label_smoothing: float = 0.0) -> TrainableModel:
        from training.models.bert.encoder import Encoder

        return Encoder(self, seed, dropout=dropout, label_smoothing=label_smoothing)
