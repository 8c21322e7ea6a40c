"""Config: the shape of an encoder and decoder of the BART architecture.

D width   F width of the MLP   V vocabulary   L layers of each of the two
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from training.models.block_config import BlockConfig
from training.models.config import renamed
from training.models.size import attention_flops, block_activations, block_parameters

if TYPE_CHECKING:
    from training.models.module import TrainableModel

BEFORE = 2  # rows of the tables of positions before the first one, as Hugging Face has them
# Our names of what BART's config.json calls otherwise.
THEIRS = {
    "hidden_size": "d_model",
    "intermediate_size": "encoder_ffn_dim",
    "num_hidden_layers": "encoder_layers",
    "num_attention_heads": "encoder_attention_heads",
    "initializer_range": "init_std",
}


@dataclass(frozen=True, kw_only=True)
class BartConfig(BlockConfig):
    OBJECTIVES = ("denoising",)
    DOCUMENT_MASKS = False

    model_type: str = "bart"

    @property
    def matrix_parameters(self) -> int:
        d = self.hidden_size
        block, across = block_parameters(d, self.intermediate_size), 4 * (d * d + d) + 2 * d
        return self.num_hidden_layers * (2 * block + across) + 2 * 2 * d

    @property
    def parameters(self) -> int:
        tables = self.vocab_size + 2 * (self.max_position_embeddings + BEFORE)
        return self.matrix_parameters + tables * self.hidden_size

    @property
    def flops_per_token(self) -> int:
        """Of a token of the training text, which the encoder reads and the decoder predicts."""
        attention = attention_flops(3 * self.num_hidden_layers, self.hidden_size, self.max_position_embeddings)
        return 6 * (self.matrix_parameters + self.vocab_size * self.hidden_size) + attention

    def activation_bytes(self, item: int) -> int:
        block = block_activations(self.hidden_size, self.intermediate_size, item)
        across = self.hidden_size * (8 + 4 * item)
        return self.num_hidden_layers * (2 * block + across) + self.hidden_size * (16 + 3 * item)

    def exported(self) -> dict[str, Any]:
        values = {THEIRS.get(name, name): value for name, value in self.asdict().items()}
        return {
            "activation_dropout": 0.0,
            "activation_function": "gelu",
            "architectures": ["BartForConditionalGeneration"],
            "attention_dropout": 0.0,
            "bos_token_id": self.eos_token_id,
            "decoder_attention_heads": self.num_attention_heads,
            "decoder_ffn_dim": self.intermediate_size,
            "decoder_layers": self.num_hidden_layers,
            "decoder_start_token_id": self.eos_token_id,
            "dropout": 0.0,
            "dtype": "float32",
            "forced_eos_token_id": None,
            "is_encoder_decoder": True,
            "pad_token_id": self.eos_token_id,
            "scale_embedding": False,
            "tie_word_embeddings": True,
            **values,
        }

    @classmethod
    def imported(cls, values: Mapping[str, Any], where: str) -> Self:
        ours = renamed(values, THEIRS)
        for name in ("layers", "ffn_dim", "attention_heads"):
            if ours.get(f"decoder_{name}") != ours.get(f"encoder_{name}"):
                raise ValueError(f"{where}: encoder and decoder differ in {name}; only equal ones are supported")
        if ours.get("scale_embedding"):
            raise ValueError(f"{where}: scale_embedding is true; only false is supported")
        return super().imported(ours, where)

    def build(self, seed: int = 0, *, dropout: float = 0.0, label_smoothing: float = 0.0) -> TrainableModel:
        from training.models.bart.encoder_decoder import EncoderDecoder

        return EncoderDecoder(self, seed, dropout=dropout, label_smoothing=label_smoothing)
