"""Scorers: one of our models and its tokenizer as what scoring needs, by what the model predicts."""

from __future__ import annotations

from tokenizers import Tokenizer

from training.inference.masked import MaskedScorer
from training.inference.model import TrainedModel
from training.models.module import CausalModel, MaskedModel, TrainableModel
from training.objectives.catalog import MASK


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
    mask = tokenizer.token_to_id(MASK)
    if mask is None:
        raise ValueError(f"the tokenizer of this {family} has no {MASK}, which hides the tokens that are asked")
    return MaskedScorer(model, tokenizer, mask)
