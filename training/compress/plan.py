"""Plan: what is done to a model to make it small, and how what is left is trained further. Needs no torch."""

from __future__ import annotations

from dataclasses import dataclass, field, fields

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


@dataclass(frozen=True, kw_only=True)
class Teaching:
    """How much of a teacher is learnt, and how."""

    temperature: float = 2.0
    hard_weight: float = 0.5

    def __post_init__(self) -> None:
        if not self.temperature > 0:
            raise ValueError(f"temperature is {self.temperature}; it must be above 0")
        if not 0 <= self.hard_weight <= 1:
            raise ValueError(f"hard_weight is {self.hard_weight}; it must be 0 (the teacher alone) to 1 (the text)")


@dataclass(frozen=True, kw_only=True)
class Further:
    """Training after something was taken: `tokens` of the shards, at this rate (0: derived); `teacher`: a folder whose
    predictions are learnt as well."""

    tokens: int
    learning_rate: float = 0.0
    teacher: str | None = None
    teaching: Teaching = field(default_factory=Teaching)


@dataclass(frozen=True, kw_only=True)
class ShrinkSettings(ShrinkPlan):
    """All that a person says of a smaller model: the plan, and `tokens` of further training (0: none) at this rate;
    `temperature` and `hard_weight` are those of a teacher, where there is one."""

    tokens: int = 0
    learning_rate: float = 1e-3
    temperature: float = Teaching.temperature
    hard_weight: float = Teaching.hard_weight

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.tokens < 0:
            raise ValueError(f"tokens is {self.tokens}; it must be 0 or more")
        Teaching(temperature=self.temperature, hard_weight=self.hard_weight)

    @property
    def plan(self) -> ShrinkPlan:
        return ShrinkPlan(**{one.name: getattr(self, one.name) for one in fields(ShrinkPlan)})

    def further(self, teacher: str | None = None) -> Further | None:
        """None of no tokens. Raises ValueError for a teacher that there is no training with."""
        if not self.tokens:
            if teacher:
                raise ValueError("--distill TEACHER learns while it trains: give --tokens and --shards as well")
            return None
        teaching = Teaching(temperature=self.temperature, hard_weight=self.hard_weight)
        return Further(tokens=self.tokens, learning_rate=self.learning_rate, teacher=teacher, teaching=teaching)
