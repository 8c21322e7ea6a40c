"""Quantized: matrices that are held in integers of 8 or 4 bits, in place of a model's own.

    weight[row, column] = scale[row, column // group] * integer[row, column]

The tensors and config.json have the names of the library compressed-tensors, by which transformers loads the same
folder. Integers are packed into int32.

    D columns (what is read)   F rows (what comes out)   G columns of a group   V vocabulary
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

BLOCK = 1 << 18  # products at a time: their int32 stays in a core's cache while it becomes float32
METHOD = "compressed-tensors"
PACKED = "pack-quantized"
PARTS = ("weight_packed", "weight_scale", "weight_shape")


@dataclass(frozen=True, kw_only=True)
class Scheme:
    """How a matrix is held. `group`: columns that share a scale, 0: all of a row. `dynamic`: what is multiplied with
    it is rounded to 8 bits as well, a scale for each token, and the product is computed in integers."""

    bits: int
    group: int = 0
    dynamic: bool = False

    @property
    def largest(self) -> int:
        """Integers lie in [-largest - 1, largest]."""
        return (1 << self.bits - 1) - 1

    def exported(self) -> dict[str, Any]:
        """quantization_config of config.json. transformers turns such weights into floating-point numbers when it loads
        them: it has no other way for a table that is the output matrix too."""
        kind = {"num_bits": self.bits, "type": "int", "symmetric": True, "dynamic": False}
        shared = {"strategy": "group", "group_size": self.group} if self.group else {"strategy": "channel"}
        read = {"num_bits": 8, "type": "int", "symmetric": True, "dynamic": True, "strategy": "token"}
        group = {
            "targets": ["Linear", "Embedding"],
            "weights": {**kind, **shared},
            "input_activations": read if self.dynamic else None,
            "output_activations": None,
        }
        return {
            "quant_method": METHOD,
            "quantization_status": "compressed",
            "format": PACKED,
            "dequantize": True,
            "config_groups": {"group_0": group},
            "ignore": [],
        }

    @classmethod
    def imported(cls, values: Mapping[str, Any], where: str) -> Scheme:
        """Of such a group. Raises ValueError, naming `where`, for what is not here: other numbers than integers of 8
        and 4 bits around zero."""
        weights = values["weights"]
        read = values.get("input_activations")
        if weights["type"] != "int" or weights["num_bits"] not in (4, 8) or not weights.get("symmetric", True):
            raise ValueError(f"{where}: weights {weights} are not read here; symmetric int of 4 or 8 bits are")
        if read is not None and not (read["dynamic"] is True and read["num_bits"] == 8 and weights["num_bits"] == 8):
            raise ValueError(f"{where}: activations {read} are not read here; dynamic int of 8 bits are")
        return cls(bits=weights["num_bits"], group=weights.get("group_size") or 0, dynamic=read is not None)


class QuantizedMatrix(nn.Module):
    """In place of nn.Linear without a bias, or of nn.Embedding: `table` says which.

    `integers`: int8 [F, D], of 4 bits two in a byte, [F, D / 2]; `scale`: float32 [F, D / G]. With gradients enabled
    it is as slow as dequantizing is, and nothing of it learns.
    """

    integers: Tensor
    scale: Tensor

    def __init__(self, integers: Tensor, scale: Tensor, scheme: Scheme, *, table: bool) -> None:
        """`integers`: int8 [F, D], whatever the bits."""
        super().__init__()
        self.scheme, self.table, self.columns = scheme, table, integers.shape[1]
        held = integers if scheme.bits == 8 else (integers[:, 0::2] & 15) | (integers[:, 1::2] << 4)
        self.register_buffer("integers", held, persistent=False)
        self.register_buffer("scale", scale.float(), persistent=False)

    @property
    def weight(self) -> Tensor:
        """Float32 [F, D]."""
        return self._scaled(self.integers, self.scale)

    def forward(self, x: Tensor) -> Tensor:
        """Products [..., F] of x [..., D]; of a table the rows [..., D] of tokens x [...]."""
        if self.table:
            return self._scaled(self.integers[x], self.scale[x])
        return self.multiply(x)

    def multiply(self, x: Tensor) -> Tensor:
        """[..., F] of x [..., D], in float32."""
        if not self.scheme.dynamic:
            return functional.linear(x, self.weight.to(x.dtype))
        rows = x.flatten(0, -2).float()
        # Each token has a scale of its own, so that no text's score depends on what else is in the batch.
        scales = rows.abs().amax(-1, keepdim=True).clamp_(min=torch.finfo(torch.float32).tiny).div_(127)
        rounded, matrix, wide = (rows / scales).round_().to(torch.int8), self.integers.t(), self.scale.t()
        out = rows.new_empty(len(rows), len(self.integers))
        step = max(16, BLOCK // len(self.integers))
        for block, read, scale in zip(out.split(step), rounded.split(step), scales.split(step), strict=True):
            block.copy_(torch._int_mm(read, matrix)).mul_(scale).mul_(wide)
        return out.view(*x.shape[:-1], -1)

    def _scaled(self, held: Tensor, scale: Tensor) -> Tensor:
        if self.scheme.bits == 4:
            held = torch.stack((held << 4 >> 4, held >> 4), dim=-1).flatten(-2)
        if not self.scheme.group:
            return held * scale
        return (held.unflatten(-1, (-1, self.scheme.group)) * scale[..., None]).flatten(-2)


def pack(integers: Tensor, bits: int) -> Tensor:
    """int32 [F, D * bits / 32] of int8 [F, D]: the first column in the lowest bits. D is a multiple of 32 / bits."""
    each = 32 // bits
    offset = (integers.to(torch.int64) + (1 << bits - 1)).unflatten(1, (-1, each))
    packed = (offset << torch.arange(0, 32, bits)).sum(-1)
    return torch.where(packed >= 1 << 31, packed - (1 << 32), packed).to(torch.int32)


def unpack(packed: Tensor, bits: int, columns: int) -> Tensor:
    """`pack`, back: int8 [F, D]."""
    offset = packed.to(torch.int64)[..., None] >> torch.arange(0, 32, bits) & (1 << bits) - 1
    return (offset - (1 << bits - 1)).to(torch.int8).flatten(1)[:, :columns].contiguous()


def read_scheme(config: Mapping[str, Any], where: str) -> Scheme | None:
    """Of the content of config.json; None of a model that is not quantized. Raises ValueError, naming `where`, for what
    is quantized in ways that are not here."""
    about = config.get("quantization_config")
    if about is None:
        return None
    if about.get("quant_method") != METHOD:
        raise ValueError(f"{where}: quant_method {about.get('quant_method')!r} is not read here; {METHOD} is")
    groups = list(about["config_groups"].values())
    if len(groups) != 1 or about["format"] != PACKED:
        raise ValueError(f"{where}: {len(groups)} groups of {about['format']} are not read here; one of {PACKED} is")
    return Scheme.imported(groups[0], where)


def quantized_names(stored: Mapping[str, Tensor]) -> list[str]:
    """The modules that have integers for weights."""
    return [name.removesuffix(".weight_scale") for name in stored if name.endswith(".weight_scale")]


def dequantize(stored: Mapping[str, Tensor], scheme: Scheme) -> dict[str, Tensor]:
    """A file's tensors with weights in float32 in place of integers, under the names of a model without them."""
    weights = {f"{name}.weight": _matrix(stored, name, scheme).weight for name in quantized_names(stored)}
    return _others(stored) | weights


def insert(model: nn.Module, stored: Mapping[str, Tensor], scheme: Scheme) -> dict[str, Tensor]:
    """Puts quantized matrices in their places in a model. Returns the other tensors of the file."""
    for name in quantized_names(stored):
        model.set_submodule(name, _matrix(stored, name, scheme))
    return _others(stored)


def _others(stored: Mapping[str, Tensor]) -> dict[str, Tensor]:
    parts = {f"{name}.{part}" for name in quantized_names(stored) for part in PARTS}
    return {name: value for name, value in stored.items() if name not in parts}


def _matrix(stored: Mapping[str, Tensor], name: str, scheme: Scheme) -> QuantizedMatrix:
    columns = int(stored[f"{name}.weight_shape"][1])
    integers = unpack(stored[f"{name}.weight_packed"], scheme.bits, columns)
    return QuantizedMatrix(integers, stored[f"{name}.weight_scale"], scheme, table="embed" in name)
