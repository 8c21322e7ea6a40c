"""Config: the shape of a decoder of the GPT-2 architecture."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from training.models.config import renamed
from training.models.pre_norm_config import PreNormConfig

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
class Gpt2Config(PreNormConfig):
    model_type: str = "gpt2"
    layer_norm_eps: float = 1e-5

    @property
    def parameters(self) -> int:
        return super().parameters + self.max_position_embeddings * self.hidden_size

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
