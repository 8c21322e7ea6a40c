"""Config: the shape of a decoder of the Qwen3 architecture, in the names of Hugging Face's config.json.

T tokens   D width   F width of the MLP   H heads   K key-value heads   E head width   V vocabulary   L layers
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from training.models.config import ModelConfig, check_only

if TYPE_CHECKING:
    from training.models.qwen3.transformer import Transformer

ONLY = {"attention_bias": False, "hidden_act": "silu", "use_sliding_window": False}


@dataclass(frozen=True, kw_only=True)
class Qwen3Config(ModelConfig):
    CAUSAL = True
    OBJECTIVES = ("next_token",)

    model_type: str = "qwen3"
    intermediate_size: int
    num_attention_heads: int
    num_key_value_heads: int
    head_dim: int
    rope_theta: float = 10_000.0
    rms_norm_eps: float = 1e-6
    tie_word_embeddings: bool = True

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.num_attention_heads % self.num_key_value_heads:
            raise ValueError(
                f"{self.num_attention_heads} attention heads cannot share {self.num_key_value_heads} key-value heads "
                f"evenly; num_key_value_heads must divide num_attention_heads"
            )
        if self.head_dim % 2:
            raise ValueError(f"head_dim {self.head_dim} is odd; rotary embeddings turn pairs, so take an even number")

    @property
    def matrix_parameters(self) -> int:
        width, heads = self.hidden_size, self.num_attention_heads + self.num_key_value_heads
        attention = 2 * width * heads * self.head_dim + 2 * self.head_dim
        layer = attention + 3 * width * self.intermediate_size + 2 * width
        return self.num_hidden_layers * layer + width

    @property
    def parameters(self) -> int:
        return self.matrix_parameters + self.vocab_size * self.hidden_size * (1 if self.tie_word_embeddings else 2)

    @property
    def flops_per_token(self) -> int:
        """6N + 12 L (H E) T, N including the output matrix."""
        attention = 12 * self.num_hidden_layers * self.num_attention_heads * self.head_dim
        products = 6 * (self.matrix_parameters + self.vocab_size * self.hidden_size)
        return products + attention * self.max_position_embeddings

    def activation_bytes(self, item: int) -> int:
        """As Korthikanti et al. 2022 (section 4) count them:

        a layer  norms 2 D (4 + a) + 8;  q, k, v kept twice for q and k: a (2 (2H + 2K) E - K E);  output H E a + 4 H;
                 residual stream 2 D 4;  gate, up and their product 3 F a
        once     embedding and last norm D (8 + 2a), gradient of the last hidden states D a
        """
        d, f, e = self.hidden_size, self.intermediate_size, self.head_dim
        h, k = self.num_attention_heads, self.num_key_value_heads
        layer = 2 * (d * (4 + item) + 4)
        layer += item * (2 * h + 3 * k) * e + 4 * (h + k)  # queries and keys before and after their rotation, values
        layer += item * h * e + 4 * h + 2 * 4 * d
        layer += 3 * item * f
        return self.num_hidden_layers * layer + d * (8 + 2 * item) + d * item

    def exported(self) -> dict[str, Any]:
        return {
            **ONLY,
            "architectures": ["Qwen3ForCausalLM"],
            "attention_dropout": 0.0,
            "bos_token_id": None,
            "dtype": "float32",
            **self.asdict(),
        }

    @classmethod
    def imported(cls, values: Mapping[str, Any], where: str) -> Self:
        """transformers has stored what belongs to the rotation in `rope_parameters` since its version 5."""
        check_only(values, ONLY, where)
        rotation = values.get("rope_parameters") or values.get("rope_scaling") or {}
        if rotation:
            check_only({"rope_type": rotation.get("type"), **rotation}, {"rope_type": "default"}, where)
        return super().imported({**rotation, **values}, where)

    def build(self, seed: int = 0, *, dropout: float = 0.0, label_smoothing: float = 0.0) -> Transformer:
        from training.models.qwen3.transformer import Transformer

        return Transformer(self, seed, dropout=dropout, label_smoothing=label_smoothing)
