"""Quantization: a model's matrices and its table of the vocabulary in integers of 8 or 4 bits; norms stay as they are.

With 8 bits each row has a scale, with 4 bits each group of a row.

B sequences   T tokens
"""

from __future__ import annotations

import copy

import torch
from torch import Tensor, nn

from training.compress.calibration import Inputs, round_calibrated, watch_inputs
from training.compress.plan import ShrinkPlan
from training.compress.rounding import round_to_nearest
from training.models.module import CausalModel
from training.models.quantized import QuantizedMatrix, Scheme, pack

FAMILIES = ("qwen3",)  # whose matrices are nn.Linear without a bias; a checkpoint of gpt_bert is one of qwen3
HEAD = "lm_head"


def check_quantizable(model: CausalModel, plan: ShrinkPlan) -> None:
    """Raises ValueError, naming what can be quantized."""
    family = model.config.model_type
    if family not in FAMILIES:
        raise ValueError(
            f"a model of the family {family} cannot be quantized; those of {', '.join(FAMILIES)} can (and of gpt_bert)"
        )
    group = plan.group if plan.bits == 4 else 4
    for name, module in model.named_modules():
        if isinstance(module, nn.Linear) and module.in_features % group:
            raise ValueError(
                f"{name} has {module.in_features} columns, which groups of {group} do not divide; give another --group"
            )


@torch.no_grad()
def quantize(model: CausalModel, plan: ShrinkPlan, tokens: Tensor | None) -> tuple[dict[str, Tensor], Scheme]:
    """The tensors of model.safetensors, and how they are held. The model itself stays as it is.

    `tokens`, int64 [B, T]: text by which rounding is calibrated; None: each weight is rounded to the nearest. Raises
    ValueError for a model that cannot be quantized.
    """
    check_quantizable(model, plan)
    scheme = Scheme(bits=plan.bits, group=plan.group if plan.bits == 4 else 0, dynamic=plan.dynamic)
    working = copy.deepcopy(model).eval()
    tensors = dict[str, Tensor]()

    def hold(name: str, part: nn.Linear | nn.Embedding, read: Inputs | None) -> None:
        """What comes next is calibrated on what these integers will really give."""
        made = round_calibrated(part.weight, read, scheme) if read else round_to_nearest(part.weight, scheme)
        part.weight.copy_(QuantizedMatrix(*made, scheme, table=False).weight)
        tensors.update(_stored(name, *made, scheme))

    names = {part: name for name, part in working.named_modules()}
    for part in names:
        if isinstance(part, nn.Embedding) and not hasattr(working, HEAD):
            read = _read_by_head(working, tokens) if tokens is not None else None
            hold(names[part], part, read)
        elif isinstance(part, nn.Embedding):
            hold(names[part], part, None)
    for block in [*working.blocks, *([working.get_submodule(HEAD)] if hasattr(working, HEAD) else [])]:
        matrices = [part for part in block.modules() if isinstance(part, nn.Linear)]
        with watch_inputs(matrices) as inputs:
            for some in tokens.split(8) if tokens is not None else ():
                working.logits(some)
        for matrix, found in zip(matrices, inputs, strict=True):
            hold(names[matrix], matrix, found if found.tokens else None)
    held = {name.rpartition(".")[0] for name in tensors}
    others = {name: value for name, value in working.state_dict().items() if name.rpartition(".")[0] not in held}
    return others | tensors, scheme


def _read_by_head(model: CausalModel, tokens: Tensor) -> Inputs:
    """What a table that is the output matrix too is multiplied with."""
    read = Inputs(model.config.hidden_size)
    for part in tokens.split(8):
        read.add(model.hidden(part))
    return read


def _stored(name: str, integers: Tensor, scale: Tensor, scheme: Scheme) -> dict[str, Tensor]:
    """A matrix under the names of the file."""
    return {
        f"{name}.weight_packed": pack(integers, scheme.bits),
        f"{name}.weight_scale": scale.half() if scheme.group else scale,
        f"{name}.weight_shape": torch.tensor(integers.shape),
    }
