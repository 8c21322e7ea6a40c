"""Config: the shape of an encoder of the ALBERT architecture, in the names of Hugging Face's config.json.

D width   E width of the embeddings   V vocabulary
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from training.models.bert.config import BertConfig
from training.models.size import attention_flops, block_activations, block_parameters
from training.shape import Size

if TYPE_CHECKING:
    from training.models.module import TrainableModel

WIDEST_EMBEDDING = 128


@dataclass(frozen=True, kw_only=True)
class AlbertConfig(BertConfig):
    OBJECTIVES = ("sentence_order",)
    DOCUMENT_MASKS = False

    model_type: str = "albert"
    embedding_size: int

    @classmethod
    def further(cls, size: Size) -> dict[str, Any]:
        return {"embedding_size": min(WIDEST_EMBEDDING, -(-size.width // 2))}

    @property
    def _around(self) -> int:
        """The norms, the ways between both widths, the output's bias, and what says which sentence was first."""
        d, e = self.hidden_size, self.embedding_size
        return 2 * e + (e * d + d) + (d * e + e) + 2 * e + self.vocab_size + (d * d + d) + (2 * d + 2)

    @property
    def matrix_parameters(self) -> int:
        return block_parameters(self.hidden_size, self.intermediate_size) + self._around

    @property
    def parameters(self) -> int:
        tables = self.vocab_size + self.positions + self.type_vocab_size
        return self.matrix_parameters + tables * self.embedding_size

    @property
    def flops_per_token(self) -> int:
        """The shared weights count in each layer."""
        block = block_parameters(self.hidden_size, self.intermediate_size)
        attention = attention_flops(self.num_hidden_layers, self.hidden_size, self.max_position_embeddings)
        products = self.num_hidden_layers * block + self._around + self.vocab_size * self.embedding_size
        return 6 * products + attention

    def activation_bytes(self, item: int) -> int:
        block = block_activations(self.hidden_size, self.intermediate_size, item)
        return self.num_hidden_layers * block + self.hidden_size * (16 + 3 * item)

    def exported(self) -> dict[str, Any]:
        return {
            **super().exported(),
            "architectures": ["AlbertForPreTraining"],
            "hidden_act": "gelu_new",
            "inner_group_num": 1,
            "num_hidden_groups": 1,
        }

    def build(self, seed: int = 0, *, dropout: float = 0.0, label_smoothing: float = 0.0) -> TrainableModel:
        from training.models.albert.encoder import AlbertEncoder

        return AlbertEncoder(self, seed, dropout=dropout, label_smoothing=label_smoothing)
