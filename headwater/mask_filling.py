"""Mask filling: the likeliest tokens at hidden places of a text, by a masked model of Headwater's or of Hugging Face's.

T tokens   V vocabulary
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import Tensor

from training.checkpoints.checkpoint import find_checkpoint, is_ours
from training.checkpoints.export import load_model, load_tokenizer
from training.inference.masked import find_mask
from training.models.module import MaskedModel

PLACE = "<mask>"  # where a token is asked for, whatever the mask of the model is called
INSTEAD = (
    "give a masked model, such as one of the families bert, roberta and albert; `headwater generate` continues texts "
    "with a model that predicts the next token"
)


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """A token, as the text that it stands for, mostly with the space before a word, and its probability."""

    token: str
    probability: float


class MaskedSource(Protocol):
    """What reads a text with hidden tokens. `mask`: their id; `context`: the most tokens that it reads at once."""

    mask: int
    context: int

    def encode(self, parts: Sequence[str]) -> list[int]:
        """The ids of a text, given as its parts between the masks."""
        ...

    def logits(self, tokens: Tensor) -> Tensor:
        """Scores [1, T, V] of the token at each place of tokens [1, T]."""
        ...

    def spell(self, token: int) -> str: ...


@torch.no_grad()
def fill_masks(folder: Path, text: str, top: int) -> list[list[Candidate]]:
    """The `top` likeliest tokens at each <mask> of a text, likeliest first. All masks are hidden at once, and each is
    filled by itself.

    Raises ValueError for a text without a mask or longer than the model reads, and where the model in the folder is
    not masked; FileNotFoundError where there is none.
    """
    if top < 1:
        raise ValueError(f"top is {top}; it must be 1 or more")
    *before, last = text.split(PLACE)
    if not before:
        raise ValueError(
            f"the text has no {PLACE}: put one where a token is asked for; `headwater generate` continues a text"
        )
    source = _load(folder)
    # A token that begins a word has the space before it, and so has the mask that hides it.
    ids = source.encode([*(part.removesuffix(" ") for part in before), last])
    if len(ids) > source.context:
        raise ValueError(f"the text has {len(ids)} tokens and the model reads {source.context} at once; shorten it")
    tokens = torch.tensor([ids])
    likeliest = source.logits(tokens)[tokens == source.mask].float().softmax(-1)
    values, found = likeliest.topk(min(top, likeliest.shape[1]))
    return [
        [Candidate(token=source.spell(token), probability=value) for token, value in zip(*place, strict=True)]
        for place in zip(found.tolist(), values.tolist(), strict=True)
    ]


def _load(folder: Path) -> MaskedSource:
    if is_ours(folder):
        return CheckpointMasks(find_checkpoint(folder))
    return HuggingFaceMasks(folder)


class CheckpointMasks:
    """A model of Headwater's. A text is the opening of a document, as in training."""

    def __init__(self, folder: Path) -> None:
        model, self.tokenizer = load_model(folder).eval(), load_tokenizer(folder / "tokenizer.json")
        if not isinstance(model, MaskedModel):
            raise ValueError(f"{folder}: a model of the family {model.config.model_type} fills no masks; {INSTEAD}")
        self.model, self.mask = model, find_mask(self.tokenizer, model.config.model_type)
        self.context = model.config.max_position_embeddings

    def encode(self, parts: Sequence[str]) -> list[int]:
        first, *others = [encoding.ids for encoding in self.tokenizer.encode_batch_fast(list(parts))]
        return [self.model.config.eos_token_id, *first, *(one for ids in others for one in (self.mask, *ids))]

    def logits(self, tokens: Tensor) -> Tensor:
        return self.model.logits(tokens)

    def spell(self, token: int) -> str:
        return str(self.tokenizer.decode([token], skip_special_tokens=False))


class HuggingFaceMasks:
    """A masked language model in a Hugging Face folder with safetensors, whose tokenizer adds the special tokens that
    it is configured to. No code of the folder is executed."""

    def __init__(self, folder: Path) -> None:
        from lm_eval.models.utils import resolve_max_length
        from transformers import MODEL_FOR_MASKED_LM_MAPPING, AutoConfig, AutoModelForMaskedLM

        from training.inference.huggingface import OPTIONS, load_pretrained, load_pretrained_tokenizer

        config = AutoConfig.from_pretrained(folder, **OPTIONS)
        self.tokenizer = load_pretrained_tokenizer(folder)
        if type(config) not in MODEL_FOR_MASKED_LM_MAPPING or self.tokenizer.mask_token_id is None:
            raise ValueError(f"{folder}: a model of the family {config.model_type} fills no masks; {INSTEAD}")
        self.model: Any = load_pretrained(folder, AutoModelForMaskedLM)
        self.mask: int = self.tokenizer.mask_token_id
        # RoBERTa's table of positions is longer than what it reads.
        self.context = min(resolve_max_length(config, self.tokenizer), self.tokenizer.model_max_length)

    def encode(self, parts: Sequence[str]) -> list[int]:
        ids: list[int] = self.tokenizer(self.tokenizer.mask_token.join(parts))["input_ids"]
        return ids

    def logits(self, tokens: Tensor) -> Tensor:
        found: Tensor = self.model(tokens).logits
        return found

    def spell(self, token: int) -> str:
        return str(self.tokenizer.decode([token]))
