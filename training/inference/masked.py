"""Masked: the likelihood of texts by a model of masked tokens: of each token, with it alone hidden.

Salazar et al. 2020.

n targets   T tokens   V vocabulary
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
from tokenizers import Tokenizer

from training.inference.batches import Batch
from training.inference.model import LOGITS_AT_ONCE, TextTokenizer
from training.models.module import MaskedModel
from training.objectives.catalog import MASK


class MaskedScorer(TextTokenizer):
    """The sum over a text is its pseudo-log-likelihood: to be compared with that of another text, not with what a model
    that reads from left to right says."""

    branches = False

    def __init__(self, model: MaskedModel, tokenizer: Tokenizer, mask: int) -> None:
        super().__init__(tokenizer)
        self.model, self.mask = model.eval(), mask
        # A window's last target is read too, hidden.
        self.context, self.prefix = model.config.max_position_embeddings - 1, model.config.eos_token_id

    @torch.no_grad()
    def log_likelihoods(self, batch: Batch) -> tuple[np.ndarray, np.ndarray]:
        rows: list[tuple[list[int], int]] = []  # a text, and which of its tokens is asked
        for piece in batch.pieces:
            text = [*piece.tokens[: len(piece.tokens) - len(piece.targets) + 1], *piece.targets]
            rows += [(text, place) for place in range(len(text) - len(piece.targets), len(text))]
        scores, greedy = np.empty(len(rows)), np.empty(len(rows), dtype=bool)
        order = sorted(range(len(rows)), key=lambda number: len(rows[number][0]))
        start = 0
        while start < len(order):
            length = len(rows[order[start]][0])
            most = max(1, LOGITS_AT_ONCE // (length * self.model.config.vocab_size))
            same = [number for number in order[start : start + most] if len(rows[number][0]) == length]
            scores[same], greedy[same] = self._ask([rows[number] for number in same])
            start += len(same)
        return scores, greedy

    def _ask(self, rows: Sequence[tuple[list[int], int]]) -> tuple[np.ndarray, np.ndarray]:
        """Of texts of one length."""
        device = next(self.model.parameters()).device
        tokens = torch.tensor([text for text, _ in rows], device=device)
        each, places = torch.arange(len(rows), device=device), torch.tensor([place for _, place in rows], device=device)
        asked = tokens[each, places]
        tokens[each, places] = self.mask
        logits = self.model.logits(tokens)[each, places].float()
        found = logits.log_softmax(-1)[each, asked].double()
        return found.cpu().numpy(), (logits.argmax(-1) == asked).cpu().numpy()

    def generate(
        self, prompts: Sequence[list[int]], max_tokens: int, stop: Callable[[list[int]], bool]
    ) -> list[list[int]]:
        raise ValueError(
            f"a model of the family {self.model.config.model_type} fills masks and does not continue texts"
        )


def find_mask(tokenizer: Tokenizer, family: str) -> int:
    """The id of the mask. Raises ValueError where the tokenizer has none."""
    mask: int | None = tokenizer.token_to_id(MASK)
    if mask is None:
        raise ValueError(f"the tokenizer of this {family} has no {MASK}, which hides the tokens that are asked")
    return mask
