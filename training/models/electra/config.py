"""Config: the shape of an encoder of the ELECTRA architecture, in the names of Hugging Face's config.json.

D width   G width of the generator
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from training.models.bert.config import BertConfig
from training.models.size import attention_flops, block_activations, block_parameters
from training.shape import Size

if TYPE_CHECKING:
    from training.models.module import TrainableModel

GENERATOR = 4  # as many times smaller: the paper's best are between a quarter and a half


@dataclass(frozen=True, kw_only=True)
class ElectraConfig(BertConfig):
    """`generator_heads`: each as wide as the encoder's; the generator's width and MLP follow from them."""

    OBJECTIVES = ("replaced_tokens",)

    model_type: str = "electra"
    generator_heads: int = 1

    @classmethod
    def further(cls, size: Size) -> dict[str, Any]:
        return {"generator_heads": max(1, size.heads // GENERATOR)}

    @property
    def generator(self) -> BertConfig:
        """The shape of its layers."""
        share = self.generator_heads / self.num_attention_heads
        return BertConfig(
            vocab_size=self.vocab_size,
            eos_token_id=self.eos_token_id,
            hidden_size=self.hidden_size * self.generator_heads // self.num_attention_heads,
            intermediate_size=max(1, round(self.intermediate_size * share)),
            num_hidden_layers=self.num_hidden_layers,
            num_attention_heads=self.generator_heads,
            max_position_embeddings=self.max_position_embeddings,
        )

    @property
    def matrix_parameters(self) -> int:
        d, g, layers = self.hidden_size, self.generator.hidden_size, self.num_hidden_layers
        found = 2 * d + layers * block_parameters(d, self.intermediate_size) + (d * d + d) + (d + 1)
        drawing = (d * g + g) + layers * block_parameters(g, self.generator.intermediate_size)
        return found + drawing + (g * d + d) + 2 * d + self.vocab_size

    @property
    def flops_per_token(self) -> int:
        widths = self.hidden_size + self.generator.hidden_size
        attention = attention_flops(self.num_hidden_layers, widths, self.max_position_embeddings)
        return 6 * (self.matrix_parameters + self.vocab_size * self.hidden_size) + attention

    def activation_bytes(self, item: int) -> int:
        both = block_activations(self.hidden_size, self.intermediate_size, item)
        both += block_activations(self.generator.hidden_size, self.generator.intermediate_size, item)
        return self.num_hidden_layers * both + self.hidden_size * (24 + 6 * item)

    def exported(self) -> dict[str, Any]:
        return {
            **super().exported(),
            "architectures": ["ElectraForPreTraining"],
            "embedding_size": self.hidden_size,
        }

    def build(self, seed: int = 0, *, dropout: float = 0.0, label_smoothing: float = 0.0) -> TrainableModel:
        from training.models.electra.encoder import Electra

        return Electra(self, seed, dropout=dropout, label_smoothing=label_smoothing)
