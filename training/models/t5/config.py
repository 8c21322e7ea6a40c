"""Config: the shape of an encoder and decoder of the T5 architecture, with gated MLPs (T5 1.1) and tied embeddings.

D width   F width of the MLP   H heads   E head width   V vocabulary   L layers of each of the two
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from training.models.config import ModelConfig, check_only, renamed
from training.models.size import attention_flops
from training.shape import Size

if TYPE_CHECKING:
    from training.models.t5.encoder_decoder import EncoderDecoder

# Our names of what T5's config.json calls otherwise.
THEIRS = {
    "hidden_size": "d_model",
    "intermediate_size": "d_ff",
    "num_hidden_layers": "num_layers",
    "num_attention_heads": "num_heads",
    "head_dim": "d_kv",
    "max_position_embeddings": "n_positions",
    "rms_norm_eps": "layer_norm_epsilon",
}


@dataclass(frozen=True, kw_only=True)
class T5Config(ModelConfig):
    """Positions are distances in buckets: any length can be read, `max_position_embeddings` is that of training."""

    DOCUMENT_MASKS = False
    OBJECTIVES = ("span_corruption",)

    model_type: str = "t5"
    intermediate_size: int
    num_attention_heads: int
    head_dim: int
    relative_attention_num_buckets: int = 32
    relative_attention_max_distance: int = 128
    rms_norm_eps: float = 1e-6

    @classmethod
    def further(cls, size: Size) -> dict[str, Any]:
        return {"initializer_range": 1.0}  # of the embeddings; matrices follow from their own sizes

    @property
    def _attention(self) -> int:
        return 4 * self.hidden_size * self.num_attention_heads * self.head_dim

    @property
    def matrix_parameters(self) -> int:
        d = self.hidden_size
        mlp = 3 * d * self.intermediate_size
        encoder, decoder = self._attention + mlp + 2 * d, 2 * self._attention + mlp + 3 * d
        return self.num_hidden_layers * (encoder + decoder) + 2 * d

    @property
    def parameters(self) -> int:
        biases = 2 * self.relative_attention_num_buckets * self.num_attention_heads
        return self.matrix_parameters + biases + self.vocab_size * self.hidden_size

    @property
    def flops_per_token(self) -> int:
        """Of a token of the training text, as if the encoder read all of it and the decoder a fifth as many."""
        inner = self.num_attention_heads * self.head_dim
        attention = attention_flops(2 * self.num_hidden_layers, inner, self.max_position_embeddings)
        return 6 * (self.matrix_parameters + self.vocab_size * self.hidden_size) * 3 // 5 + attention // 2

    def activation_bytes(self, item: int) -> int:
        inner = self.num_attention_heads * self.head_dim
        block = 16 * self.hidden_size + item * (4 * self.hidden_size + 6 * inner + 3 * self.intermediate_size)
        return 2 * self.num_hidden_layers * block + self.hidden_size * (8 + 3 * item)

    def exported(self) -> dict[str, Any]:
        values = {THEIRS.get(name, name): value for name, value in self.asdict().items()}
        values["initializer_factor"] = values.pop("initializer_range")
        return {
            "architectures": ["T5ForConditionalGeneration"],
            "decoder_start_token_id": self.eos_token_id,
            "dropout_rate": 0.0,
            "dtype": "float32",
            "feed_forward_proj": "gated-gelu",
            "is_encoder_decoder": True,
            "num_decoder_layers": self.num_hidden_layers,
            "pad_token_id": self.eos_token_id,
            "tie_word_embeddings": True,
            **values,
        }

    @classmethod
    def imported(cls, values: Mapping[str, Any], where: str) -> Self:
        check_only(values, {"feed_forward_proj": "gated-gelu", "tie_word_embeddings": True}, where)
        return super().imported(renamed(values, THEIRS), where)

    def build(self, seed: int = 0, *, dropout: float = 0.0, label_smoothing: float = 0.0) -> EncoderDecoder:
        from training.models.t5.encoder_decoder import EncoderDecoder

        return EncoderDecoder(self, seed, dropout=dropout, label_smoothing=label_smoothing)
