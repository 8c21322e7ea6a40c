"""Config: the shape of a model and the plan of a run. Presets are functions; nothing here imports torch."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, TypeVar

DTYPES = ("auto", "float32", "bfloat16")

# A change of these alters neither the samples nor what is computed from them, only its rounding or what is reported.
OPERATIONAL = frozenset({"micro_batch", "eval_every", "eval_sequences", "checkpoint_every", "keep", "threads"})

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
        _positive(self, exempt=("eos_token_id", "tie_word_embeddings"))
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

    `threads` are the CPU threads of all ranks of a machine together, 0 for one a core. They are part of the plan
    because the order of a sum, and so the last bit of a weight, follows them.
    """

    tokens: int
    context: int
    global_batch: int
    micro_batch: int
    learning_rate: float
    warmup: float = 0.05
    weight_decay: float = 0.1
    beta1: float = 0.9
    beta2: float = 0.95
    clip: float = 1.0
    seed: int = 0
    eval_every: int = 500
    eval_sequences: int = 256
    checkpoint_every: int = 500
    keep: int = 3
    threads: int = 0
    dtype: str = "auto"

    def __post_init__(self) -> None:
        _positive(self, exempt=("seed", "threads", "dtype", "warmup", "weight_decay", "beta1", "beta2"))
        if not 0 <= self.warmup < 1:
            raise ValueError(f"warmup {self.warmup} is not a share of the run; take 0 <= warmup < 1")
        if not 0 <= self.seed < 1 << 32:
            raise ValueError(f"seed {self.seed} must lie in [0, 2**32)")
        if self.threads < 0:
            raise ValueError(f"threads {self.threads} is negative; 0 takes one a core")
        if self.dtype not in DTYPES:
            raise ValueError(f"dtype {self.dtype!r} is unknown; choose one of {', '.join(DTYPES)}")

    @property
    def tokens_per_step(self) -> int:
        return self.global_batch * self.context

    @property
    def steps(self) -> int:
        """Optimizer steps: the last one may run over the budget by less than a batch."""
        return -(-self.tokens // self.tokens_per_step)


def _positive(config: ModelConfig | TrainConfig, exempt: tuple[str, ...]) -> None:
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
    plan = {name: value for name, value in asdict(train).items() if name not in OPERATIONAL}
    return {"model": asdict(model), "train": plan}


# Presets ------------------------------------------------------------------------------------------------------------

Plan = tuple[ModelConfig, TrainConfig]


def tiny(vocab_size: int, eos: int) -> Plan:
    """For the demo: about two minutes on two CPU cores. Sized in tokens: its digests do not follow the clock.

    Found by trial on library documentation, in equal time, one seed each (held-out loss in nats a token): weights of
    0.02, which suit a width of 768, 3.87; of 0.06, 2.93; with 4 sequences a step and half the rate, 2.75. A width of
    256 gave 2.90.
    """
    model = ModelConfig(
        vocab_size=vocab_size,
        eos_token_id=eos,
        hidden_size=192,
        intermediate_size=512,
        num_hidden_layers=4,
        num_attention_heads=3,
        num_key_value_heads=3,
        head_dim=64,
        max_position_embeddings=256,
        initializer_range=0.06,
    )
    train = TrainConfig(
        tokens=768_000,
        context=256,
        global_batch=4,
        micro_batch=4,
        learning_rate=3e-3,
        eval_every=150,
        eval_sequences=64,
        checkpoint_every=150,
        threads=2,
        dtype="float32",
    )
    return model, train


def small(vocab_size: int, eos: int) -> Plan:
    """124M parameters with GPT-2's vocabulary and about 20 tokens for each (Hoffmann et al. 2022). For one GPU."""
    model = ModelConfig(
        vocab_size=vocab_size,
        eos_token_id=eos,
        hidden_size=768,
        intermediate_size=2048,
        num_hidden_layers=12,
        num_attention_heads=12,
        num_key_value_heads=12,
        head_dim=64,
        max_position_embeddings=1024,
    )
    train = TrainConfig(
        tokens=2_500_000_000,
        context=1024,
        global_batch=256,
        micro_batch=32,
        learning_rate=1e-3,
        warmup=0.02,
    )
    return model, train


def base(vocab_size: int, eos: int) -> Plan:
    """About 1.0B parameters and 20 tokens for each. For a node of GPUs."""
    model = ModelConfig(
        vocab_size=vocab_size,
        eos_token_id=eos,
        hidden_size=2048,
        intermediate_size=6144,
        num_hidden_layers=18,
        num_attention_heads=16,
        num_key_value_heads=8,
        head_dim=128,
        max_position_embeddings=2048,
        rope_theta=500_000.0,
    )
    train = TrainConfig(
        tokens=20_000_000_000,
        context=2048,
        global_batch=256,
        micro_batch=8,
        learning_rate=4e-4,
        warmup=0.02,
    )
    return model, train


PRESETS: dict[str, Callable[[int, int], Plan]] = {"tiny": tiny, "small": small, "base": base}
