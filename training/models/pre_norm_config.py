"""Config of decoders whose layers have a norm before each part, biases everywhere, and positions added to tokens:
GPT-2 and XGLM.

D width   F width of the MLP   V vocabulary   T positions
"""

from __future__ import annotations

from dataclasses import dataclass

from training.models.config import ModelConfig
from training.models.size import attention_flops, block_activations, block_parameters, check_heads


@dataclass(frozen=True, kw_only=True)
class PreNormConfig(ModelConfig):
    """Without weights for positions; a family that has some adds them to `parameters`."""

    CAUSAL = True
    OBJECTIVES = ("next_token",)

    intermediate_size: int
    num_attention_heads: int

    def __post_init__(self) -> None:
        super().__post_init__()
        check_heads(self.hidden_size, self.num_attention_heads)

    @property
    def matrix_parameters(self) -> int:
        d = self.hidden_size
        return self.num_hidden_layers * block_parameters(d, self.intermediate_size) + 2 * d

    @property
    def parameters(self) -> int:
        return self.matrix_parameters + self.vocab_size * self.hidden_size

    @property
    def flops_per_token(self) -> int:
        attention = attention_flops(self.num_hidden_layers, self.hidden_size, self.max_position_embeddings)
        return 6 * (self.matrix_parameters + self.vocab_size * self.hidden_size) + attention

    def activation_bytes(self, item: int) -> int:
        block = block_activations(self.hidden_size, self.intermediate_size, item)
        return self.num_hidden_layers * block + self.hidden_size * (8 + 3 * item)
