"""Plan: what is done to a model to make it small. Needs no torch."""

from __future__ import annotations

from dataclasses import dataclass

BITS = (8, 4)


@dataclass(frozen=True, kw_only=True)
class ShrinkPlan:
    """`layers`, `heads`: of a layer: how many stay, 0: all. `prune`: share of each matrix's weights that become zero.
    `bits`: of a weight, 0: as it was. `group`: columns that share a scale, with 4 bits. `dynamic`: activations are
    rounded to 8 bits as well, with 8 bits. `calibration_tokens`: tokens by which rounding is fitted (0: to nearest) and
    layers are chosen, where shards are given."""

    layers: int = 0
    heads: int = 0
    prune: float = 0.0
    bits: int = 0
    group: int = 32
    dynamic: bool = False
    calibration_tokens: int = 32_768

    def __post_init__(self) -> None:
        for name in ("layers", "heads", "calibration_tokens"):
            if getattr(self, name) < 0:
                raise ValueError(f"{name} is {getattr(self, name)}; it must be 0 or more")
        if not 0 <= self.prune < 1:
            raise ValueError(f"prune is {self.prune}; it must be a share of the weights, 0 or more and below 1")
        if self.bits and self.bits not in BITS:
            raise ValueError(f"bits is {self.bits}; it must be one of {', '.join(map(str, BITS))}")
        if self.dynamic and self.bits != 8:
            raise ValueError("--dynamic rounds what int8 weights are multiplied with; give --int8 as well")
        if self.group < 8 or self.group % 8:
            raise ValueError(f"group is {self.group}; it must be a multiple of 8")
