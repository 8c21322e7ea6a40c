"""Generate: a prompt goes on. `python -m training.generate --checkpoint DIR --prompt "The module"`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import torch
from torch import Tensor

from training.checkpoint import resolve
from training.export import load_model, load_tokenizer
from training.transformer import Cache, Transformer


def pick(logits: Tensor, temperature: float, top_k: int, generator: torch.Generator) -> int:
    """A token drawn from the best `top_k` (0: all) of logits [V], sharpened by the temperature (0: the best one)."""
    if temperature == 0:
        return int(logits.argmax())
    if 0 < top_k < len(logits):
        logits = logits.masked_fill(logits < logits.topk(top_k).values[-1], float("-inf"))
    return int(torch.multinomial((logits / temperature).softmax(-1), 1, generator=generator))


@torch.no_grad()
def generate(
    model: Transformer, prompt: list[int], *, tokens: int, temperature: float, top_k: int, seed: int
) -> list[int]:
    """The token ids that follow `prompt`, at most `tokens`, without the closing eos. The same for the same seed.

    A prompt opens a document, as in training, when it begins with eos. Where the text outgrows the context, its older
    half is forgotten.
    """
    generator = torch.Generator().manual_seed(seed)
    context = model.config.max_position_embeddings
    cache: Cache = []
    unread, text = prompt[-context:], list(prompt)
    for _ in range(tokens):
        logits = model.logits(torch.tensor([unread]), cache)[0, -1]
        token = pick(logits, temperature, top_k, generator)
        if token == model.config.eos_token_id:
            break
        text.append(token)
        unread = [token]
        if cache[0][0].shape[2] == context:
            cache, unread = [], text[-(context // 2) :]
    return text[len(prompt) :]


def main() -> int:
    flags = argparse.ArgumentParser(description=__doc__)
    flags.add_argument("--checkpoint", type=Path, required=True, help="a checkpoint, or the --out of a training run")
    flags.add_argument("--prompt", required=True)
    flags.add_argument("--tokens", type=int, default=100, help="at most so many")
    flags.add_argument("--temperature", type=float, default=0.8, help="0 takes the likeliest token each time")
    flags.add_argument("--top-k", type=int, default=50, help="draw among the likeliest k; 0 among all")
    flags.add_argument("--seed", type=int, default=0)
    flags.add_argument("--threads", type=int, default=2, help="part of the result: a sum's last bit follows them")
    given = flags.parse_args()
    torch.set_num_threads(given.threads)
    torch.use_deterministic_algorithms(True)
    folder = resolve(given.checkpoint)
    model, tokenizer = load_model(folder), load_tokenizer(folder / "tokenizer.json")
    prompt = [model.config.eos_token_id, *tokenizer.encode(given.prompt).ids]
    more = generate(
        model, prompt, tokens=given.tokens, temperature=given.temperature, top_k=given.top_k, seed=given.seed
    )
    print(given.prompt + tokenizer.decode(more))
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (ValueError, FileNotFoundError) as error:
        sys.exit(f"generate: {error}")
