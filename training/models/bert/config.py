"""Config: the shape of an encoder of the BERT architecture, in the names of Hugging Face's config.json.

D width   F width of the MLP   V vocabulary   T positions
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from training.models.config import ModelConfig
from training.models.size import attention_flops, block_activations, block_parameters, check_heads

if TYPE_CHECKING:
    from training.models.module import TrainableModel


@dataclass(frozen=True, kw_only=True)
class BertConfig(ModelConfig):
    """`type_vocab_size`: kinds of segments, of which training uses the first."""

    OBJECTIVES = ("masked_tokens",)

    model_type: str = "bert"
    intermediate_size: int
    num_attention_heads: int
    layer_norm_eps: float = 1e-12
    type_vocab_size: int = 2

    def __post_init__(self) -> None:
        super().__post_init__()
        check_heads(self.hidden_size, self.num_attention_heads)

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

    @property
    def flops_per_token(self) -> int:
        """As if every position were predicted: an objective that predicts fewer takes less for the output matrix."""
        attention = attention_flops(self.num_hidden_layers, self.hidden_size, self.max_position_embeddings)
        return 6 * (self.matrix_parameters + self.vocab_size * self.hidden_size) + attention

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
