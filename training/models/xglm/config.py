"""Config: the shape of a decoder of the XGLM architecture. Its positions have no weights."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from training.models.config import check_only, renamed
from training.models.pre_norm_config import PreNormConfig

if TYPE_CHECKING:
    from training.models.xglm.decoder import Decoder

# Our names of what XGLM's config.json calls otherwise.
THEIRS = {
    "hidden_size": "d_model",
    "intermediate_size": "ffn_dim",
    "num_hidden_layers": "num_layers",
    "num_attention_heads": "attention_heads",
    "initializer_range": "init_std",
}
ONLY = {
    "activation_function": "gelu",
    "add_cross_attention": False,
    "scale_embedding": True,
    "tie_word_embeddings": True,
}


@dataclass(frozen=True, kw_only=True)
class XglmConfig(PreNormConfig):
    model_type: str = "xglm"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.hidden_size % 2 or self.hidden_size < 4:
            raise ValueError(
                f"a width of {self.hidden_size}: sinusoidal positions are a sine and a cosine of at least two "
                f"frequencies, so take an even number from 4 on"
            )

    def exported(self) -> dict[str, Any]:
        values = {THEIRS.get(name, name): value for name, value in self.asdict().items()}
        return {
            **ONLY,
            "activation_dropout": 0.0,
            "architectures": ["XGLMForCausalLM"],
            "attention_dropout": 0.0,
            "bos_token_id": self.eos_token_id,
            "decoder_start_token_id": self.eos_token_id,
            "dropout": 0.0,
            "dtype": "float32",
            "layerdrop": 0.0,
            "pad_token_id": None,
            **values,
        }

    @classmethod
    def imported(cls, values: Mapping[str, Any], where: str) -> Self:
        check_only(values, ONLY, where)
        return super().imported(renamed(values, THEIRS), where)

    def build(self, seed: int = 0, *, dropout: float = 0.0, label_smoothing: float = 0.0) -> Decoder:
        from training.models.xglm.decoder import Decoder

        return Decoder(self, seed, dropout=dropout, label_smoothing=label_smoothing)
