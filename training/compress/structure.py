"""Structure: fewer layers and fewer heads of attention. What is left is an ordinary smaller model of its family.

D width   H heads   K key-value heads   E head width   B sequences   T tokens
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from training.models.config import ModelConfig
from training.models.module import CausalModel

LAYERED, HEADED = ("qwen3", "gpt2"), ("qwen3",)
LAYER = re.compile(r"^(model\.layers\.|transformer\.h\.)(\d+)(\..*)$")
Weights = dict[str, Tensor]


def choose_layers(model: CausalModel, count: int, tokens: Tensor | None) -> list[int]:
    """The `count` layers that stay, ascending. By tokens, int64 [B, T]: those that turn their input most, by the mean
    cosine between what a layer reads and what it returns (Men et al. 2024, ShortGPT, Block Influence); without tokens
    evenly spaced ones, among them the first and the last (Sanh et al. 2019). Raises ValueError where there are fewer,
    or the family has none that could go."""
    family, there = model.config.model_type, model.config.num_hidden_layers
    if family not in LAYERED:
        raise ValueError(f"layers of a model of the family {family} cannot be left out; those of {_list(LAYERED)} can")
    if count > there:
        raise ValueError(f"--layers {count}: the model has {there}; give fewer")
    if tokens is None:
        return [round(place * (there - 1) / max(1, count - 1)) for place in range(count)]
    influence = _influences(model, tokens)
    order = sorted(range(there), key=lambda number: (-influence[number], number))
    return sorted(order[:count])


@torch.no_grad()
def _influences(model: CausalModel, tokens: Tensor) -> list[float]:
    """Of each layer 1 - the mean cosine of its input and its output."""
    found: list[list[float]] = [[] for _ in model.blocks]

    def watch(kept: list[float]) -> Any:
        def hook(_: Any, args: Any, output: Tensor) -> None:
            kept.append(float(1 - functional.cosine_similarity(args[0], output, dim=-1).mean()))

        return hook

    hooks = [block.register_forward_hook(watch(kept)) for block, kept in zip(model.blocks, found, strict=True)]
    try:
        for part in tokens.split(8):
            model.hidden(part)
    finally:
        for hook in hooks:
            hook.remove()
    return [sum(values) / len(values) for values in found]


def keep_layers(config: ModelConfig, weights: Mapping[str, Tensor], kept: Sequence[int]) -> tuple[ModelConfig, Weights]:
    places = {number: place for place, number in enumerate(kept)}
    left: Weights = {}
    for name, value in weights.items():
        found = LAYER.match(name)
        if found is None:
            left[name] = value
        elif (number := int(found[2])) in places:
            left[f"{found[1]}{places[number]}{found[3]}"] = value
    return replace(config, num_hidden_layers=len(kept)), left


def keep_heads(config: ModelConfig, weights: Mapping[str, Tensor], count: int) -> tuple[ModelConfig, Weights]:
    """A model with `count` heads a layer: of each layer those that can change its output most, by the norm of the
    product of their output and value matrices. Where heads share keys and values, as many of each group stay, or whole
    groups go. Raises ValueError for a count that neither allows, naming those that can be."""
    if config.model_type not in HEADED:
        raise ValueError(
            f"heads of a model of the family {config.model_type} cannot be left out: they make up its width; those of "
            f"{_list(HEADED)} can"
        )
    shape = config.asdict()
    heads, groups, size = (shape[name] for name in ("num_attention_heads", "num_key_value_heads", "head_dim"))
    shared = heads // groups
    possible = [number for number in range(1, heads + 1) if number % groups == 0 or number % shared == 0]
    if count not in possible:
        raise ValueError(
            f"--heads {count}: the model has {heads}, of which {shared} share keys and values; give one of "
            f"{', '.join(map(str, possible))}"
        )
    whole = count % groups != 0  # groups go
    left = dict(weights)
    for number in range(config.num_hidden_layers):
        prefix = f"model.layers.{number}.self_attn."
        strength = _strengths(left, prefix, heads, groups, size)  # [K, H / K]
        if whole:
            kept_groups = _best(strength.sum(1), count // shared)
            kept_heads = torch.cat([group * shared + torch.arange(shared) for group in kept_groups])
        else:
            kept_groups = torch.arange(groups)
            best = [_best(strength[group], count // groups) for group in range(groups)]
            kept_heads = torch.cat([group * shared + kept for group, kept in enumerate(best)])
        for name, kept in (("q", kept_heads), ("k", kept_groups), ("v", kept_groups)):
            left[f"{prefix}{name}_proj.weight"] = left[f"{prefix}{name}_proj.weight"][_columns(kept, size)].contiguous()
        output = left[f"{prefix}o_proj.weight"]
        left[f"{prefix}o_proj.weight"] = output[:, _columns(kept_heads, size)].contiguous()
    changed: dict[str, Any] = {"num_attention_heads": count, "num_key_value_heads": len(kept_groups)}
    return replace(config, **changed), left


def _strengths(weights: Mapping[str, Tensor], prefix: str, heads: int, groups: int, size: int) -> Tensor:
    """[K, H / K]: the Frobenius norm of W_o W_v of each head."""
    output = weights[f"{prefix}o_proj.weight"].unflatten(1, (groups, heads // groups, size))  # [D, K, H / K, E]
    value = weights[f"{prefix}v_proj.weight"].unflatten(0, (groups, size))  # [K, E, D]
    return torch.einsum("okhe,kei->khoi", output, value).flatten(2).norm(dim=2)


def _best(values: Tensor, count: int) -> Tensor:
    return values.argsort(descending=True, stable=True)[:count].sort().values


def _columns(kept: Tensor, size: int) -> Tensor:
    return (kept[:, None] * size + torch.arange(size)).flatten()


def _list(names: Sequence[str]) -> str:
    return ", ".join(names)
