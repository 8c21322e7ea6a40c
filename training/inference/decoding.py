"""Decoding: token ids after token ids, drawn one at a time from a model, for several prompts side by side.
`sampling.beams` are not for it: see beam_search.py.

B prompts   V vocabulary
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch
from torch import Tensor

from training.inference.sampling import Sampling
from training.models.module import Cache, CausalModel


def decode(
    model: CausalModel,
    prompts: Sequence[list[int]],
    *,
    max_tokens: int,
    sampling: Sampling,
    stop: Callable[[list[int]], bool] | None = None,
) -> list[list[int]]:
    """The token ids that follow each prompt, at most `max_tokens`, without the closing eos.

    Prompts may have any lengths; each draws from a random generator of its own, so that its text is the same alone and
    beside others. A prompt opens a document, as in training, when it begins with eos. Where a text outgrows the
    context, its older half is forgotten. `stop` receives the new ids of a text after each and returns whether to end
    it. Raises ValueError for an empty prompt.
    """
    texts: list[list[int]] = [[] for _ in prompts]
    for tokens in decode_steps(model, prompts, max_tokens=max_tokens, sampling=sampling, stop=stop):
        for text, token in zip(texts, tokens, strict=True):
            if token is not None:
                text.append(token)
    return texts


@torch.no_grad()
def decode_steps(
    model: CausalModel,
    prompts: Sequence[list[int]],
    *,
    max_tokens: int,
    sampling: Sampling,
    stop: Callable[[list[int]], bool] | None = None,
) -> Iterator[list[int | None]]:
    """`decode`, as it goes: at each step the next token id of each prompt, None for a text that has ended."""
    if not all(prompts):
        raise ValueError("a prompt is empty; begin a document with the id of eos")
    context, eos = model.config.max_position_embeddings, model.config.eos_token_id
    generators = [torch.Generator().manual_seed(sampling.seed) for _ in prompts]
    unread = [prompt[-context:] for prompt in prompts]
    cache = model.new_cache(len(prompts), max(map(len, unread)) + max_tokens)
    texts, running = [list(prompt) for prompt in prompts], [True] * len(prompts)
    logits = read(model, unread, cache)
    for step in range(1, max_tokens + 1):
        drawn = [
            sampling.draw(row, text, generator)
            for row, text, generator in zip(logits.cpu(), texts, generators, strict=True)
        ]
        new: list[int | None] = []
        for row, token in enumerate(drawn):
            running[row] = running[row] and token != eos
            new.append(token if running[row] else None)
            if running[row]:
                texts[row].append(token)
                running[row] = stop is None or not stop(texts[row][len(prompts[row]) :])
        yield new
        if step == max_tokens or not any(running):
            return
        logits = read_next(model, drawn, texts, cache)


def read(model: CausalModel, texts: list[list[int]], cache: Cache) -> Tensor:
    """Reads whole texts into the emptied cache, padded on the right. Returns the logits [B, V] of the next tokens."""
    device = model.device
    lengths = torch.tensor([len(text) for text in texts], device=device)
    padded = torch.zeros(len(texts), int(lengths.max()), dtype=torch.int64)
    for row, text in enumerate(texts):
        padded[row, : len(text)] = torch.tensor(text)
    cache.truncate(torch.zeros_like(lengths))
    with _eager(model):
        hidden = model.hidden(padded.to(device), cache)
    cache.truncate(lengths)
    return model.scores(hidden[torch.arange(len(texts)), lengths - 1])


def read_next(model: CausalModel, tokens: list[int], texts: Sequence[list[int]], cache: Cache) -> Tensor:
    """Reads one more token of each of the texts, which end with it. Where one outgrows the context, its newer half is
    read again. Returns the logits [B, V] of the next tokens."""
    context = model.config.max_position_embeddings
    if cache.longest < context:
        with _eager(model):
            return model.logits(torch.tensor(tokens, device=model.device)[:, None], cache)[:, -1]
    lengths = (cache.lengths + 1).tolist()
    kept = [context // 2 if length > context else length for length in lengths]
    return read(model, [text[-count:] for text, count in zip(texts, kept, strict=True)], cache)


def _eager(model: CausalModel) -> AbstractContextManager[Any]:
    """Around a forward pass: a compiled layer would be compiled again for each length."""
    if not model.compiled:
        return nullcontext()  # set_stance would import the compiler, which takes seconds
    return torch.compiler.set_stance("force_eager")
