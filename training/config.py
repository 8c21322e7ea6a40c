"""Config: the plan of a training run. Needs no torch."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

# The allowed values of the settings that have a fixed set of them.
CHOICES = {
    "dtype": ("auto", "float32", "bfloat16"),
    "optimizer": ("muon", "adamw"),
    "schedule": ("cosine", "wsd", "linear", "exponential", "constant"),
    "packing": ("concat", "bestfit"),
    "parallel": ("ddp", "fsdp"),
    "compile": ("auto", "on", "off"),
}

# Settings that change neither which samples are read nor what is computed from them, only its rounding and what is
# reported; with dropout, also which values are dropped.
OPERATIONAL = frozenset(
    {
        *("micro_batch", "eval_every", "eval_sequences", "checkpoint_every", "keep_last", "keep_every", "threads"),
        *("parallel", "compile", "sample_every", "timeout"),
    }
)
STOPPING = frozenset({"eval_every", "eval_sequences"})  # except that they decide when a run with a patience ends
# Settings that decide which tokens a step reads. No override may change them: steps are traced to documents, and back.
SAMPLES = frozenset({"train.context", "train.global_batch", "train.packing", "train.seed"})

Config = TypeVar("Config", bound="DataclassInstance")


@dataclass(frozen=True, kw_only=True)
class TrainConfig:
    """The plan of a run; training/arguments.py describes each setting in a line. Units are tokens, sequences and steps.

    A `global_batch` or `learning_rate` of 0 is filled in by optim.scaling.apply_step_law, before anything else.
    `threads` are part of the plan because the order of a sum, and so the last bit of a weight, depends on them.
    """

    tokens: int
    context: int
    micro_batch: int
    global_batch: int = 0
    learning_rate: float = 0.0
    optimizer: str = "muon"
    schedule: str = "cosine"
    warmup_fraction: float = 0.05
    decay_fraction: float = 0.2
    final_lr_fraction: float = 0.1
    weight_decay: float = 0.1
    l1: float = 0.0
    dropout: float = 0.0
    label_smoothing: float = 0.0
    beta1: float = 0.9
    beta2: float = 0.95
    momentum: float = 0.95
    max_grad_norm: float = 1.0
    objective: str = "next_token"
    mask_share: float = 0.15
    mean_span: float = 3.0
    whole_words: bool = False
    packing: str = "concat"
    document_masks: bool = False
    freeze: int = 0
    seed: int = 0
    patience: int = 0
    eval_every: int = 500
    eval_sequences: int = 256
    checkpoint_every: int = 500
    keep_last: int = 3
    keep_every: int = 0
    sample_every: int = 0
    threads: int = 0
    dtype: str = "auto"
    parallel: str = "ddp"
    compile: str = "auto"
    timeout: int = 600

    def __post_init__(self) -> None:
        fractions = {"warmup_fraction", "decay_fraction", "final_lr_fraction", "dropout", "label_smoothing"}
        may_be_zero = {"weight_decay", "l1", "beta1", "beta2", "momentum", "patience", "keep_every", "sample_every"}
        may_be_zero |= {"global_batch", "learning_rate", "freeze"}
        if not self.mask_share < 1:
            raise ValueError(f"mask_share is {self.mask_share}; it must be below 1")
        exempt = {"objective", "whole_words", "seed", "threads", "document_masks", *fractions, *may_be_zero, *CHOICES}
        check_positive({name: value for name, value in asdict(self).items() if name not in exempt})
        for name in sorted(fractions):
            if not 0 <= getattr(self, name) < 1:
                raise ValueError(f"{name} is {getattr(self, name)}; it must be 0 or more and below 1")
        for name in sorted({*may_be_zero, "threads"}):
            if not getattr(self, name) >= 0:
                raise ValueError(f"{name} is {getattr(self, name)}; it must be 0 or more")
        if not 0 <= self.seed < 1 << 32:
            raise ValueError(f"seed {self.seed} must lie in [0, 2**32)")
        if self.schedule == "wsd" and self.warmup_fraction + self.decay_fraction > 1:
            raise ValueError(
                f"warmup_fraction {self.warmup_fraction} and decay_fraction {self.decay_fraction} add up to more than "
                f"1; lower one of them"
            )
        for name, choices in CHOICES.items():
            if getattr(self, name) not in choices:
                raise ValueError(f"{name} {getattr(self, name)!r} is unknown; choose one of {', '.join(choices)}")

    @property
    def tokens_per_step(self) -> int:
        return self.global_batch * self.context

    @property
    def steps(self) -> int:
        """Optimizer steps. The last one may exceed `tokens` by less than a batch."""
        return -(-self.tokens // self.tokens_per_step)


def check_positive(numbers: Mapping[str, float], may_be_zero: Collection[str] = ()) -> None:
    """Raises ValueError, naming the number."""
    for name, value in numbers.items():
        if name not in may_be_zero and not value > 0:
            raise ValueError(f"{name} is {value}; it must be above 0")


def from_mapping(kind: type[Config], values: Mapping[str, Any], *, where: str) -> Config:
    """A configuration from parsed JSON. Raises ValueError, naming `where`, for a key that is unknown or missing."""
    names = {field.name for field in fields(kind)}
    if unknown := sorted(set(values) - names):
        raise ValueError(f"{where}: unknown key {', '.join(unknown)}; {kind.__name__} has {', '.join(sorted(names))}")
    try:
        return kind(**values)
    except TypeError as error:
        raise ValueError(f"{where}: {error}") from error


def identity(model: Mapping[str, Any], train: TrainConfig) -> dict[str, Any]:
    """All that decides what a run computes: one run can continue another only where this is equal. `model`: its
    shape."""
    ignored = OPERATIONAL - STOPPING if train.patience else OPERATIONAL
    plan = {name: value for name, value in asdict(train).items() if name not in ignored}
    return {"model": dict(model), "train": plan}
