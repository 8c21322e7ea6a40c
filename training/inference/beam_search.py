"""Beam search: the likeliest text after a prompt that is found where the best beginnings are continued side by side.

N beams   V vocabulary
"""

from __future__ import annotations

from typing import NamedTuple

import torch

from training.inference.decoding import read, read_next
from training.inference.sampling import Sampling
from training.models.module import CausalModel


class Finished(NamedTuple):
    """A text that has ended, without its closing eos, and its log-likelihood in nats a token, eos included."""

    score: float
    text: list[int]


@torch.no_grad()
def search_beams(model: CausalModel, prompt: list[int], *, max_tokens: int, sampling: Sampling) -> list[int]:
    """The token ids that follow a prompt, at most `max_tokens`, without the closing eos: those of the most likelihood a
    token among the texts that `sampling.beams` have found. The same ids as transformers with num_beams.

    At each step the N likeliest of all texts that are one token longer stay. The search is over when N texts have ended
    and none that goes on is as likely a token as the worst of them. Raises ValueError for an empty prompt.
    """
    if not prompt:
        raise ValueError("a prompt is empty; begin a document with the id of eos")
    context, eos, beams = model.config.max_position_embeddings, model.config.eos_token_id, sampling.beams
    unread = prompt[-context:]
    cache = model.new_cache(1, len(unread) + max_tokens)
    logits = read(model, [unread], cache)
    texts, likelihoods = [prompt], torch.zeros(1, device=logits.device)
    finished: list[Finished] = []
    for length in range(1, max_tokens + 1):
        scores = logits.float().log_softmax(-1)
        scores = torch.stack([sampling.penalize(row, text) for row, text in zip(scores, texts, strict=True)])
        longer = (likelihoods[:, None] + scores).flatten()
        # Twice as many as go on: each beam may have one that ends, by eos.
        best = longer.topk(min(2 * beams, len(longer)))
        rows, tokens = (part.tolist() for part in (best.indices // scores.shape[1], best.indices % scores.shape[1]))
        going: list[int] = []
        for place, (row, token) in enumerate(zip(rows, tokens, strict=True)):
            if token != eos and length < max_tokens:
                going.append(place)
            elif place < beams:  # an end that is less likely than N longer texts is none
                text = texts[row][len(prompt) :] + [token] * (token != eos)
                finished.append(Finished(float(best.values[place]) / length, text))
        finished = sorted(finished, key=lambda one: -one.score)[:beams]
        going = going[:beams]
        if not going or (len(finished) == beams and float(best.values[going[0]]) / length <= finished[-1].score):
            break
        texts = [[*texts[rows[place]], tokens[place]] for place in going]
        likelihoods = best.values[going]
        cache.select(torch.tensor([rows[place] for place in going], device=logits.device))
        logits = read_next(model, [tokens[place] for place in going], texts, cache)
    return finished[0].text
