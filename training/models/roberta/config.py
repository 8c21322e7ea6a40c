"""Config: the shape of an encoder of the RoBERTa architecture, in the names of Hugging Face's config.json."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from training.models.bert.config import BertConfig

if TYPE_CHECKING:
    from training.models.module import TrainableModel


@dataclass(frozen=True, kw_only=True)
class RobertaConfig(BertConfig):
    """`pad_token_id`: a token without a position; None: that which opens a document. The table of positions has as many
    rows before the first one, which are never read."""

    model_type: str = "roberta"
    layer_norm_eps: float = 1e-5
    type_vocab_size: int = 1
    pad_token_id: int | None = None

    @property
    def padding(self) -> int:
        return self.eos_token_id if self.pad_token_id is None else self.pad_token_id

    @property
    def positions(self) -> int:
        return self.max_position_embeddings + self.padding + 1

    def exported(self) -> dict[str, Any]:
        return {
            **super().exported(),
            "architectures": ["RobertaForMaskedLM"],
            "max_position_embeddings": self.positions,
            "pad_token_id": self.padding,
        }

    @classmethod
    def imported(cls, values: Mapping[str, Any], where: str) -> Self:
        ours = dict(values)
        if ours.get("pad_token_id") is not None and "architectures" in ours:
            ours["max_position_embeddings"] -= ours["pad_token_id"] + 1
        return super().imported(ours, where)

    def build(self, seed: int = 0, *, dropout: float = 0.0, label_smoothing: float = 0.0) -> TrainableModel:
        from training.models.roberta.encoder import RobertaEncoder

        return RobertaEncoder(self, seed, dropout=dropout, label_smoothing=label_smoothing)
