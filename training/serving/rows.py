"""Rows: the model's steps over requests, in shapes that do not depend on how many requests there are.

A matrix product adds its terms in an order that depends on its number of rows, so that a text could change with the
crowd it is answered in. Here a prompt is read alone, in pieces of PIECE tokens from its beginning, and one more token
of each text in groups of a fixed number of rows, the last of them padded; attention is each text's own
(training/models/cache.py). What is left, that a row's result depends neither on its place nor on the other rows, is
measured by `choose_rows` for each model on each machine before it is relied on (He et al. 2025, "Defeating
nondeterminism in LLM inference").

V vocabulary   R rows of a group   T tokens of a piece   D model width
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

from training.models.cache import CacheGroup, KeyValueCache
from training.models.module import CausalModel

PIECE = 128  # tokens of a prompt that are read at once; others wait as long for theirs
GROUPS = (8, 4, 2)  # rows that are tried, the best first: more make a lone text slower
TRIALS, STEPS = 2, 2  # of `choose_rows`: the second step reads keys that the first has written


def new_text_cache(model: CausalModel, capacity: int) -> KeyValueCache:
    """Of one text. Raises ValueError for a model that keeps no keys and values."""
    cache = model.new_cache(1, capacity)
    if not isinstance(cache, KeyValueCache):
        raise ValueError(
            f"a model of the family {model.config.model_type} is not served: it keeps no keys and values of what it "
            f"has read; `headwater generate` continues texts with it"
        )
    return cache


def read_prompt(model: CausalModel, prompt: Sequence[int], cache: KeyValueCache) -> tuple[Tensor, Tensor | None]:
    """Reads the next piece of the prompt into its cache. Returns the states [1, T, D] of the piece, and the logits [V]
    that follow the whole prompt, None while there is more to read."""
    piece = prompt[cache.longest : cache.longest + PIECE]
    hidden = model.hidden(torch.tensor([piece]), cache)
    return hidden, model.scores(hidden[:, -1])[0] if cache.longest == len(prompt) else None


def read_tokens(
    model: CausalModel, tokens: Sequence[int], caches: Sequence[KeyValueCache], rows: int
) -> Iterator[Tensor]:
    """Reads one more token of each text. The logits [V] that follow each."""
    for start in range(0, len(tokens), rows):
        chosen = tokens[start : start + rows]
        padded = torch.zeros(rows, 1, dtype=torch.int64)
        padded[: len(chosen), 0] = torch.tensor(chosen)
        group = CacheGroup(caches[start : start + rows], rows)
        logits = model.scores(model.hidden(padded, group)[:, -1])
        yield from (row.clone() for row in logits[: len(chosen)])


@torch.inference_mode()
def choose_rows(model: CausalModel) -> int:
    """The first of GROUPS in which rows are independent, to the bit; 1, a text at a time, where there is none."""
    return next((rows for rows in GROUPS if _rows_are_independent(model, rows)), 1)


def _rows_are_independent(model: CausalModel, rows: int) -> bool:
    drawn, config = torch.Generator().manual_seed(0), model.config
    longest = max(1, min(PIECE, config.max_position_embeddings - STEPS))

    def draw(count: int) -> list[int]:
        return torch.randint(config.vocab_size, (count,), generator=drawn).tolist()

    def step(tokens: Sequence[Sequence[int]], caches: Sequence[KeyValueCache], asked: int) -> list[Tensor]:
        """The logits of one text after each step; then all texts are as before."""
        lengths = [cache.longest for cache in caches]
        found = [list(read_tokens(model, column, caches, rows))[asked] for column in zip(*tokens, strict=True)]
        for cache, length in zip(caches, lengths, strict=True):
            cache.truncate(torch.tensor([length]))
        return found

    for _ in range(TRIALS):
        caches = [new_text_cache(model, longest + STEPS) for _ in range(rows)]
        for cache in caches:
            read_prompt(model, draw(int(torch.randint(1, longest + 1, (1,), generator=drawn))), cache)
        tokens = [draw(STEPS) for _ in caches]
        alone = step(tokens[:1], caches[:1], 0)
        for place in range(rows):
            order = [*range(1, place + 1), 0, *range(place + 1, rows)]
            beside = step([tokens[one] for one in order], [caches[one] for one in order], place)
            if not all(map(torch.equal, alone, beside)):
                return False
    return True
