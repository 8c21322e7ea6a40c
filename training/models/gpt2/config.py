"""Config: the shape of a decoder of the GPT-2 architecture.

D width   F width of the MLP   V vocabulary   T positions
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from training.models.config import ModelConfig, renamed
from training.models.size import attention_flops, block_activations, block_parameters, check_heads

if TYPE_CHECKING:
    from training.models.gpt2.decoder import Decoder

# Our names of what GPT-2's config.json calls otherwise.
THEIRS = {
    "hidden_size": "n_embd",
    "intermediate_size": "n_inner",
    "num_hidden_layers": "n_layer",
    "num_attention_heads": "n_head",
    "max_position_embeddings": "n_positions",
    "layer_norm_eps": "layer_norm_epsilon",
}


@dataclass(frozen=True, kw_only=True)
class Gpt2Config(ModelConfig):
    CAUSAL = True
    OBJECTIVES = ("next_token",)

    model_type: str = "gpt2"
    intermediate_size: int
    num_attention_heads: int
    layer_norm_eps: float = 1e-5

    def __post_init__(self) -> None:
        super().__post_init__()
        check_heads(self.hidden_size, self.num_attention_heads)

    @property
    def matrix_parameters(self) -> int:
        d = self.hidden_size
        return self.num_hidden_layers * block_parameters(d, self.intermediate_size) + 2 * d

    @property
    def parameters(self) -> int:
        return self.matrix_parameters + (self.vocab_size + self.max_position_embeddings) * self.hidden_size

    @property
    def flops_per_token(self) -> int:
        attention = attention_flops(self.num_hidden_layers, self.hidden_size, self.max_position_embeddings)
        return 6 * (self.matrix_parameters + self.vocab_size * self.hidden_size) + attention

    def activation_bytes(self, item: int) -> int:
        block = block_activations(self.hidden_size, self.intermediate_size, item)
        return self.num_hidden_layers * block + self.hidden_size * (8 + 3 * item)

    def exported(self) -> dict[str, Any]:
        values = {THEIRS.get(name, name): value for name, value in self.asdict().items()}
        return {
            "activation_function": "gelu_new",
            "architectures": ["GPT2LMHeadModel"],
            "attn_pdrop": 0.0,
            "bos_token_id": self.eos_token_id,
            "dtype": "float32",
            "embd_pdrop": 0.0,
            "resid_pdrop": 0.0,
            "tie_word_embeddings": True,
            **values,
        }

    @classmethod
    def imported(cls, values: Mapping[str, Any], where: str) -> Self:
        ours = renamed(values, THEIRS)
        if ours.get("intermediate_size") is None and "hidden_size" in ours:
            ours["intermediate_size"] = 4 * ours["hidden_size"]
        return super().imported(ours, where)

    def build(self, seed: int = 0, *, dropout: float = 0.0, label_smoothing: float = 0.0) -> Decoder:
        from training.models.gpt2.decoder import Decoder

        return Decoder(self, seed, dropout=dropout, label_smoothing=label_smoothing)
