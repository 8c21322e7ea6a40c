"""Generate: a prompt goes on. `python -m training.inference.generate --checkpoint DIR --prompt "The module"`."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import torch
from tokenizers import Tokenizer
from torch import Tensor
from torch.nn import functional

from training.checkpoints.checkpoint import resolve
from training.checkpoints.export import load_model, load_tokenizer
from training.models.transformer import Cache, Transformer


def pick(logits: Tensor, temperature: float, top_k: int, generator: torch.Generator) -> int:
    """A token drawn from the best `top_k` (0: all) of logits [V], sharpened by the temperature (0: the best one)."""
    if temperature == 0:
        return int(logits.argmax())
    if 0 < top_k < len(logits):
        logits = logits.masked_fill(logits < logits.topk(top_k).values[-1], float("-inf"))
    return int(torch.multinomial((logits / temperature).softmax(-1), 1, generator=generator))


def generate(
    model: Transformer, prompt: list[int], *, tokens: int, temperature: float, top_k: int, seed: int
) -> list[int]:
    """The token ids that follow `prompt`, at most `tokens`, without the closing eos. The same for the same seed.

    A prompt opens a document, as in training, when it begins with eos. Where the text outgrows the context, its older
    half is forgotten.
    """
    return generate_all(model, [prompt], tokens=tokens, temperature=temperature, top_k=top_k, seed=seed)[0]


@torch.no_grad()
def generate_all(
    model: Transformer,
    prompts: Sequence[list[int]],
    *,
    tokens: int,
    temperature: float,
    top_k: int,
    seed: int,
    stop: Callable[[list[int]], bool] | None = None,
) -> list[list[int]]:
    """`generate` for prompts of any lengths, read and continued side by side. Each draws from a generator of its own.

    `stop` sees the new ids of a text after each and says whether they are enough. ValueError for an empty prompt.
    """
    if not all(prompts):
        raise ValueError("a prompt is empty; begin a document with the id of eos")
    device = model.head.device
    context = model.config.max_position_embeddings
    generators = [torch.Generator().manual_seed(seed) for _ in prompts]
    unread = [prompt[-context:] for prompt in prompts]
    longest = max(len(part) for part in unread)
    cache = Cache(model.config, len(prompts), longest + tokens, device=device)
    texts, alive = [list(prompt) for prompt in prompts], [True] * len(prompts)
    with torch.compiler.set_stance("force_eager"):  # a compiled layer would be compiled again for each length
        scores = _read(model, unread, cache)
        for left in range(tokens - 1, -1, -1):
            chosen = [pick(row, temperature, top_k, g) for row, g in zip(scores.cpu(), generators, strict=True)]
            for row, token in enumerate(chosen):
                if alive[row] and token != model.config.eos_token_id:
                    texts[row].append(token)
                    alive[row] = stop is None or not stop(texts[row][len(prompts[row]) :])
                else:
                    alive[row] = False
            if not left or not any(alive):
                break
            if cache.longest < context:
                scores = model.logits(torch.tensor(chosen, device=device)[:, None], cache)[:, -1]
            else:
                held = (cache.lengths + 1).tolist()
                kept = [context // 2 if count > context else count for count in held]
                scores = _read(model, [text[-count:] for text, count in zip(texts, kept, strict=True)], cache)
    return [text[len(prompt) :] for text, prompt in zip(texts, prompts, strict=True)]


def _read(model: Transformer, texts: list[list[int]], cache: Cache) -> Tensor:
    """Reads whole texts into the emptied cache, padded on the right. Returns the scores [B, V] of what follows each."""
    device = model.head.device
    lengths = torch.tensor([len(text) for text in texts], device=device)
    padded = torch.zeros(len(texts), int(lengths.max()), dtype=torch.int64)
    for row, text in enumerate(texts):
        padded[row, : len(text)] = torch.tensor(text)
    cache.cut(torch.zeros_like(lengths))
    hidden = model.hidden(padded.to(device), cache)
    cache.cut(lengths)
    return functional.linear(hidden[torch.arange(len(texts)), lengths - 1], model.head)


def sample(
    model: Transformer,
    tokenizer: Tokenizer,
    prompts: Sequence[str],
    *,
    tokens: int = 50,
    temperature: float = 0.8,
    top_k: int = 50,
    seed: int = 0,
) -> list[str]:
    """Each prompt as the opening of a document, and how the model goes on. Random state and mode stay as they were."""
    eos, training = model.config.eos_token_id, model.training
    model.eval()
    try:
        found = generate_all(
            model,
            [[eos, *tokenizer.encode(prompt).ids] for prompt in prompts],
            tokens=tokens,
            temperature=temperature,
            top_k=top_k,
            seed=seed,
        )
    finally:
        model.train(training)
    return [prompt + tokenizer.decode(ids) for prompt, ids in zip(prompts, found, strict=True)]


def main() -> int:
    flags = argparse.ArgumentParser(description=__doc__)
    flags.add_argument("--checkpoint", type=Path, required=True, help="a checkpoint, or the --out of a training run")
    flags.add_argument("--prompt", required=True, action="append", help="repeatable; side by side")
    flags.add_argument("--json", action="store_true", help="a line of JSON each: prompt and text")
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
    drawn = {"tokens": given.tokens, "temperature": given.temperature, "top_k": given.top_k, "seed": given.seed}
    for prompt, text in zip(given.prompt, sample(model, tokenizer, given.prompt, **drawn), strict=True):
        print(json.dumps({"prompt": prompt, "text": text.removeprefix(prompt)}) if given.json else text)
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (ValueError, FileNotFoundError) as error:
        sys.exit(f"generate: {error}")
