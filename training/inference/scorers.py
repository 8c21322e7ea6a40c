"""Scorers: one of our models and its tokenizer as what scoring needs, by what the model predicts."""

from __future__ import annotations

from tokenizers import Tokenizer

from training.inference.masked import MaskedScorer, find_mask
from training.inference.model import TrainedModel
from training.models.module import CausalModel, MaskedModel, TrainableModel


def build_scorer(model: TrainableModel, tokenizer: Tokenizer) -> TrainedModel | MaskedScorer:
    """Raises ValueError for a model that says of no text how likely it is."""
    if isinstance(model, CausalModel):
        return TrainedModel(model, tokenizer)
    family = model.config.model_type
    if not isinstance(model, MaskedModel):
        raise ValueError(
            f"a model of the family {family} says of no text how likely it is; fine-tune it for a task, or score a "
            f"checkpoint of another family"
        )
    return MaskedScorer(model, tokenizer, find_mask(tokenizer, family))
