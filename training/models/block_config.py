"""Config of models whose blocks have attention, an MLP of two matrices, and biases: GPT-2, XGLM, BERT and BART.

D width   F width of the MLP   V vocabulary   T positions
"""

from __future__ import annotations

from dataclasses import dataclass

from training.models.config import ModelConfig
from training.models.size import attention_flops


@dataclass(frozen=True, kw_only=True)
class BlockConfig(ModelConfig):
    intermediate_size: int
    num_attention_heads: int

    def __post_init__(self) -> None:
        super().__post_init__()
        width, heads = self.hidden_size, self.num_attention_heads
        if width % heads:
            raise ValueError(f"a width of {width} is not a multiple of {heads} heads: give one that is")

    @property
    def flops_per_token(self) -> int:
        """As if every position were predicted: an objective that predicts fewer takes less for the output matrix."""
        attention = attention_flops(self.num_hidden_layers, self.hidden_size, self.max_position_embeddings)
        return 6 * (self.matrix_parameters + self.vocab_size * self.hidden_size) + attention
