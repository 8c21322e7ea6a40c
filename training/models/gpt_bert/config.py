"""Config: the shape of a GPT-BERT, which is that of its decoder."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from training.models.qwen3.config import Qwen3Config

if TYPE_CHECKING:
    from training.models.gpt_bert.model import GptBert


@dataclass(frozen=True, kw_only=True)
class GptBertConfig(Qwen3Config):
    """A folder of it is one of Qwen3, as which it continues texts and is scored; its weights know the rest."""

    OBJECTIVES = ("both_sides",)
    DOCUMENT_MASKS = False

    def build(self, seed: int = 0, *, dropout: float = 0.0, label_smoothing: float = 0.0) -> GptBert:
        from training.models.gpt_bert.model import GptBert

        return GptBert(self, seed, dropout=dropout, label_smoothing=label_smoothing)
