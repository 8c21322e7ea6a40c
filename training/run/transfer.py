"""Transfer: the weights of a start, in a model that begins with them.

tables of tokens       row by row, by the text of the token
tables of positions    as many as both have
all else               where name and shape are the same; BERT's names and those of its kin differ in their first part

D width   V vocabulary   U vocabulary of the start
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
from tokenizers import Tokenizer
from torch import Tensor
from torch.distributed.tensor import DTensor, distribute_tensor

from training.checkpoints.export import read_floats
from training.checkpoints.start import Start
from training.models.config import ModelConfig
from training.models.module import TrainableModel

LEAST = 0.5  # of a model's weights: with fewer, the start is of something else


@torch.no_grad()
def take_weights(start: Start, model: TrainableModel, tokenizer: bytes) -> list[str]:
    """Puts the weights of `start` in the place of those that `model` was drawn with; returns what it does not share, in
    lines. `tokenizer`: the content of the model's tokenizer.json. All ranks must call it.

    Raises ValueError, and leaves the model as it was, where the start has fewer than half of the model's weights.
    """
    stored = _read(start, model.config)
    tokens, positions = _axes(model.config, "vocab_size"), _axes(model.config, "max_position_embeddings")
    sources = _find_rows(start, tokenizer, model.config.vocab_size)
    fitted: dict[str, Tensor] = {}
    known = model.state_dict()
    for name, value in known.items():
        if name not in stored:
            continue
        if name in tokens:
            found = _fit_tokens(stored[name].movedim(tokens[name], 0), sources).movedim(0, tokens[name])
        elif name in positions:
            found = _fit_positions(stored[name], start.model, _whole(value), model.config)
        else:
            found = stored[name]
        if found.shape == value.shape:
            fitted[name] = found
    share = sum(value.numel() for value in fitted.values()) / sum(value.numel() for value in known.values())
    if share < LEAST:
        raise ValueError(
            f"{start.weights} has {share:.0%} of the weights of this model, a {model.config.model_type}; start from a "
            f"folder of that family and shape, or train without --from"
        )
    for name, found in fitted.items():
        value = known[name]
        if isinstance(value, DTensor):
            found = distribute_tensor(found.to(value.device), value.device_mesh, value.placements)
        value.copy_(found)
    lines = [f"starting from the weights of {start.folder}, digest {start.digest}"]
    lines += _describe_tokens(sources, start.model.vocab_size)
    if positions and model.config.max_position_embeddings > start.model.max_position_embeddings:
        lines.append(f"positions from {start.model.max_position_embeddings} on are drawn as in a new model")
    if drawn := sorted(set(known) - set(fitted)):
        lines.append(f"not in the start, and drawn as in a new model: {', '.join(drawn)}")
    if unused := sorted(set(stored) - set(fitted)):
        lines.append(f"in the start, and left out: {', '.join(unused)}")
    return lines


def _read(start: Start, config: ModelConfig) -> dict[str, Tensor]:
    """Its weights in float32, under the names that they have in a model of our family."""
    theirs, ours = f"{start.model.model_type}.", f"{config.model_type}."
    return {
        ours + name.removeprefix(theirs) if name.startswith(theirs) else name: value.float()
        for name, value in read_floats(start.folder).items()
    }


def _axes(config: ModelConfig, setting: str) -> dict[str, int]:
    """The names of the weights whose shape follows a setting, and along which axis: by those of a model with one more.
    Nothing is computed."""
    with torch.device("meta"):
        one = config.build().state_dict()
        more = replace(config, **{setting: getattr(config, setting) + 1}).build().state_dict()
    pairs = ((name, zip(value.shape, more[name].shape, strict=True)) for name, value in one.items())
    differing = ((name, [axis for axis, (a, b) in enumerate(sizes) if a != b]) for name, sizes in pairs)
    return {name: axes[0] for name, axes in differing if axes}


def _find_rows(start: Start, tokenizer: bytes, vocab_size: int) -> np.ndarray:
    """int64 [V]: the row that each token has in the start, -1 where it has none. By the text of the tokens where the
    tokenizers differ: the same number would be another token."""
    rows = np.arange(vocab_size)
    theirs = start.tokenizer
    if theirs is not None and theirs != tokenizer:
        before = Tokenizer.from_str(theirs.decode()).get_vocab()
        rows = np.full(vocab_size, -1)
        for text, number in Tokenizer.from_str(tokenizer.decode()).get_vocab().items():
            rows[number] = before.get(text, -1)
    return np.where(rows < start.model.vocab_size, rows, -1)


def _fit_tokens(stored: Tensor, sources: np.ndarray) -> Tensor:
    """[V, ...] of [U, ...]. A new token begins as the mean of all: it is then about as likely as the average token,
    where a row drawn at random might be likelier than all that was learnt (Hewitt 2021, "Initializing New Word
    Embeddings for Pretrained Language Models")."""
    old = stored.numpy()
    # By numpy, in float64: torch's sum depends on the number of threads, and ranks must begin alike.
    mean = old.mean(axis=0, dtype=np.float64).astype(np.float32)
    new = old[np.maximum(sources, 0)]
    new[sources < 0] = mean
    return torch.from_numpy(new)


def _fit_positions(stored: Tensor, before: ModelConfig, drawn: Tensor, config: ModelConfig) -> Tensor:
    """[P, D] of a table for another context; some families have rows before that of the first position. What the start
    has no position for stays as it was drawn."""
    count = min(before.max_position_embeddings, config.max_position_embeddings)
    first, theirs = len(drawn) - config.max_position_embeddings, len(stored) - before.max_position_embeddings
    if stored.shape[1:] != drawn.shape[1:]:
        return stored
    drawn[first : first + count] = stored[theirs : theirs + count]
    return drawn


def _whole(value: Tensor) -> Tensor:
    """A copy on the CPU, of all parts."""
    return (value.full_tensor() if isinstance(value, DTensor) else value).cpu().clone()


def _describe_tokens(sources: np.ndarray, before: int) -> list[str]:
    """A line where the vocabulary is not that of the start, which has `before` tokens."""
    new = int((sources < 0).sum())
    left = before - len(np.unique(sources[sources >= 0]))
    if not new and not left:
        return []
    kept = len(sources) - new
    return [
        f"tokens: {kept} of {len(sources)} are in the start; {new} begin as the mean of its {before}, of which {left} "
        f"are left out"
    ]
