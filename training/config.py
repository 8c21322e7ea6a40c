"""Config: the shape of a model and the plan of a run. Nothing here imports torch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, TypeVar

# What a field that names a choice may be.
CHOICES = {
    "dtype": ("auto", "float32", "bfloat16"),
    "optimizer": ("muon", "adamw"),
    "schedule": ("cosine", "wsd", "linear", "exponential", "constant"),
    "packing": ("concat", "bestfit"),
    "parallel": ("ddp", "fsdp"),
    "compile": ("auto", "on", "off"),
}

# A change of these alters neither the samples nor what is computed from them, only its rounding or what is reported;
# with dropout, also which values are dropped.
OPERATIONAL = frozenset(
    {
        *("micro_batch", "eval_every", "eval_sequences", "checkpoint_every", "keep", "keep_every", "threads"),
        *("parallel", "compile", "sample_every", "timeout"),
    }
)
STOPPING = frozenset({"eval_every", "eval_sequences"})  # but where held-out losses may end the run, these decide when
# These decide which tokens a step reads, which no override may change: steps are traced to documents, and back.
SAMPLES = frozenset({"train.context", "train.global_batch", "train.packing", "train.seed"})

Config = TypeVar("Config", "ModelConfig", "TrainConfig")


@dataclass(frozen=True, kw_only=True)
class ModelConfig:
    """A Qwen3 decoder, in the names of Hugging Face's config.json."""

    vocab_size: int
    eos_token_id: int
    hidden_size: int
    intermediate_size: int
    num_hidden_layers: int
    num_attention_heads: int
    num_key_value_heads: int
    head_dim: int
    max_position_embeddings: int
    rope_theta: float = 10_000.0
    rms_norm_eps: float = 1e-6
    initializer_range: float = 0.02
    tie_word_embeddings: bool = True

    def __post_init__(self) -> None:
        _positive(self, exempt={"eos_token_id", "tie_word_embeddings"})
        if self.num_attention_heads % self.num_key_value_heads:
            raise ValueError(
                f"{self.num_attention_heads} attention heads cannot share {self.num_key_value_heads} key-value heads "
                f"evenly; num_key_value_heads must divide num_attention_heads"
            )
        if self.head_dim % 2:
            raise ValueError(f"head_dim {self.head_dim} is odd; rotary embeddings turn pairs, so take an even one")
        if not 0 <= self.eos_token_id < self.vocab_size:
            raise ValueError(f"eos_token_id {self.eos_token_id} lies outside the vocabulary of {self.vocab_size}")


@dataclass(frozen=True, kw_only=True)
class TrainConfig:
    """The plan of a run. `tokens` is the budget, `context` is T, `global_batch` counts sequences on all ranks together.

    A `global_batch` or `learning_rate` of 0 is left to scaling.resolve, which has to come before anything else.
    `warmup` and `decay` are shares of the run, `final_share` is what is left of the peak learning rate at its end.
    `l1` and `weight_decay` shrink matrices, never the gains of norms.
    `patience` is how many held-out losses in a row may fail to be the best so far before the run ends; 0: any number.
    Of the checkpoints, the last `keep` stay, and of older ones those at a multiple of `keep_every` steps.
    `threads` are the CPU threads of all ranks of a machine together, 0 for one a core. They are part of the plan
    because the order of a sum, and so the last bit of a weight, follows them. `timeout` is in seconds: how long a rank
    waits for the others before the run ends with an error.
    """

    tokens: int
    context: int
    micro_batch: int
    global_batch: int = 0
    learning_rate: float = 0.0
    optimizer: str = "muon"
    schedule: str = "cosine"
    warmup: float = 0.05
    decay: float = 0.2
    final_share: float = 0.1
    weight_decay: float = 0.1
    l1: float = 0.0
    dropout: float = 0.0
    label_smoothing: float = 0.0
    beta1: float = 0.9
    beta2: float = 0.95
    momentum: float = 0.95
    clip: float = 1.0
    packing: str = "concat"
    document_masks: bool = False
    seed: int = 0
    patience: int = 0
    eval_every: int = 500
    eval_sequences: int = 256
    checkpoint_every: int = 500
    keep: int = 3
    keep_every: int = 0
    sample_every: int = 0
    threads: int = 0
    dtype: str = "auto"
    parallel: str = "ddp"
    compile: str = "auto"
    timeout: int = 600

    def __post_init__(self) -> None:
        shares = {"warmup", "decay", "final_share", "dropout", "label_smoothing"}
        from_zero = {"weight_decay", "l1", "beta1", "beta2", "momentum", "patience", "keep_every", "sample_every"}
        from_zero |= {"global_batch", "learning_rate"}
        _positive(self, exempt={"seed", "threads", "document_masks", *shares, *from_zero, *CHOICES})
        for name in sorted(shares):
            if not 0 <= getattr(self, name) < 1:
                raise ValueError(f"{name} {getattr(self, name)} is not a share; take 0 <= {name} < 1")
        for name in sorted({*from_zero, "threads"}):
            if not getattr(self, name) >= 0:
                raise ValueError(f"{name} is {getattr(self, name)}; it must be 0 or more")
        if not 0 <= self.seed < 1 << 32:
            raise ValueError(f"seed {self.seed} must lie in [0, 2**32)")
        if self.schedule == "wsd" and self.warmup + self.decay > 1:
            raise ValueError(
                f"warmup {self.warmup} and decay {self.decay} are more than the run; their sum is at most 1"
            )
        for name, known in CHOICES.items():
            if getattr(self, name) not in known:
                raise ValueError(f"{name} {getattr(self, name)!r} is unknown; choose one of {', '.join(known)}")

    @property
    def tokens_per_step(self) -> int:
        return self.global_batch * self.context

    @property
    def steps(self) -> int:
        """Optimizer steps: the last one may run over the budget by less than a batch."""
        return -(-self.tokens // self.tokens_per_step)


def _positive(config: ModelConfig | TrainConfig, exempt: set[str]) -> None:
    for field in fields(config):
        value = getattr(config, field.name)
        if field.name not in exempt and not value > 0:
            raise ValueError(f"{field.name} is {value}; it must be above 0")


def from_mapping(kind: type[Config], values: Mapping[str, Any], *, where: str) -> Config:
    """A configuration from parsed JSON. Raises ValueError, naming `where`, for a key that is unknown or missing."""
    names = {field.name for field in fields(kind)}
    if unknown := sorted(set(values) - names):
        raise ValueError(f"{where}: unknown key {', '.join(unknown)}; {kind.__name__} knows {', '.join(sorted(names))}")
    try:
        return kind(**values)
    except TypeError as error:
        raise ValueError(f"{where}: {error}") from error


def identity(model: ModelConfig, train: TrainConfig) -> dict[str, Any]:
    """All that decides what a run computes: two runs may continue one another only where this is equal."""
    free = OPERATIONAL - STOPPING if train.patience else OPERATIONAL
    plan = {name: value for name, value in asdict(train).items() if name not in free}
    return {"model": asdict(model), "train": plan}
