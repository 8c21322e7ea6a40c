"""Config of decoders whose layers have a norm before each part, and positions added to tokens: GPT-2 and XGLM."""

from __future__ import annotations

from dataclasses import dataclass

from training.models.block_config import BlockConfig
from training.models.size import block_activations, block_parameters


@dataclass(frozen=True, kw_only=True)
class PreNormConfig(BlockConfig):
    """Without weights for positions; a family that has some adds them to `parameters`."""

    CAUSAL = True
    OBJECTIVES = ("next_token",)

    @property
    def matrix_parameters(self) -> int:
        d = self.hidden_size
        return self.num_hidden_layers * block_parameters(d, self.intermediate_size) + 2 * d

    @property
    def parameters(self) -> int:
        return self.matrix_parameters + self.vocab_size * self.hidden_size

    def activation_bytes(self, item: int) -> int:
        block = block_activations(self.hidden_size, self.intermediate_size, item)
        return self.num_hidden_layers * block + self.hidden_size * (8 + 3 * item)
