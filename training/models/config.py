"""Config: what the rest of training knows of a model before there is one. Needs no torch.

A family of models is a class of these and the module that it builds. Nothing outside of training/models names one:
the loop, its checkpoints, its memory budget and the report ask the config.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Any, ClassVar, Self

from training.config import check_positive, from_mapping
from training.shape import Size

if TYPE_CHECKING:
    from training.models.module import TrainableModel


# Of a size, what a config calls otherwise.
SIZES = {
    "hidden_size": "width",
    "intermediate_size": "feed_forward",
    "num_hidden_layers": "layers",
    "num_attention_heads": "heads",
    "num_key_value_heads": "kv_heads",
    "head_dim": "head_width",
    "max_position_embeddings": "context",
    "rope_theta": "rope_theta",
    "initializer_range": "initial_weights",
}


@dataclass(frozen=True, kw_only=True)
class ModelConfig(ABC):
    """The shape of a model, in the names that Hugging Face's config.json has most often.

    `model_type`: Hugging Face's name of the family, or ours where it has none.
    """

    CAUSAL: ClassVar[bool] = False  # whether it predicts each token from those before it
    DOCUMENT_MASKS: ClassVar[bool] = True  # whether it can keep documents of one sequence apart
    OBJECTIVES: ClassVar[tuple[str, ...]]  # those that it can be trained on (training/objectives), the usual one first
    MAY_BE_ZERO: ClassVar[frozenset[str]] = frozenset({"eos_token_id", "pad_token_id"})

    model_type: str
    vocab_size: int
    eos_token_id: int
    hidden_size: int
    num_hidden_layers: int
    max_position_embeddings: int
    initializer_range: float = 0.02

    def __post_init__(self) -> None:
        numbers = {field.name: value for field in fields(self) if isinstance(value := getattr(self, field.name), float)}
        numbers |= {field.name: value for field in fields(self) if type(value := getattr(self, field.name)) is int}
        check_positive(numbers, may_be_zero=self.MAY_BE_ZERO)
        if not 0 <= self.eos_token_id < self.vocab_size:
            raise ValueError(f"eos_token_id {self.eos_token_id} lies outside the vocabulary of {self.vocab_size}")

    @classmethod
    def of_size(cls, size: Size, vocab_size: int, eos_token_id: int) -> Self:
        """A model of this family of a size, by those of its numbers that the family has. Raises ValueError where there
        is no such model."""
        names = {field.name for field in fields(cls)}
        numbers = {ours: getattr(size, name) for ours, name in SIZES.items() if ours in names}
        return cls(vocab_size=vocab_size, eos_token_id=eos_token_id, **{**numbers, **cls.further(size)})

    @classmethod
    def in_shape_of(cls, other: ModelConfig, *, vocab_size: int, eos_token_id: int, context: int) -> Self:
        """A model of this family with the numbers of another's that the family has. Raises ValueError where it needs
        one that the other has not."""
        values = {
            **{name: value for name, value in other.asdict().items() if name != "model_type"},
            "vocab_size": vocab_size,
            "eos_token_id": eos_token_id,
            "max_position_embeddings": context,
            "pad_token_id": None,  # of the other vocabulary
        }
        return cls.imported(values, where=f"the shape of a {other.model_type}")

    @classmethod
    def further(cls, size: Size) -> dict[str, Any]:
        """What `of_size` gives a family besides, or in place of a number of the size."""
        return {}

    @property
    @abstractmethod
    def matrix_parameters(self) -> int:
        """N: all weights except the embeddings and the output matrix."""

    @property
    @abstractmethod
    def parameters(self) -> int:
        """All weights."""

    @property
    @abstractmethod
    def flops_per_token(self) -> int:
        """FLOPs of a token in training at full context: 6 for each weight of a matrix product, the output matrix among
        them, and those of attention. Looking up an embedding costs nothing."""

    @abstractmethod
    def activation_bytes(self, item: int) -> int:
        """What a token's backward pass needs, in bytes, without logits; `item`: bytes of an activation, 2 or 4."""

    @abstractmethod
    def exported(self) -> dict[str, Any]:
        """config.json of a checkpoint."""

    @classmethod
    def imported(cls, values: Mapping[str, Any], where: str) -> Self:
        """Of config.json. Raises ValueError, naming `where`, for what this family does not have."""
        known = {field.name for field in fields(cls)}
        return from_mapping(cls, {key: value for key, value in values.items() if key in known}, where=where)

    @abstractmethod
    def build(self, seed: int = 0, *, dropout: float = 0.0, label_smoothing: float = 0.0) -> TrainableModel:
        """The model with its initial weights, float32 on the CPU."""

    def asdict(self) -> dict[str, Any]:
        return asdict(self)


def check_only(values: Mapping[str, Any], only: Mapping[str, Any], where: str) -> None:
    """Raises ValueError where a config.json has another value of these than the one that a family has."""
    for name, value in only.items():
        if values.get(name, value) != value:
            raise ValueError(f"{where}: {name} is {values[name]!r}; only {value!r} is supported")


def renamed(values: Mapping[str, Any], theirs: Mapping[str, str]) -> dict[str, Any]:
    """Values of a config.json under our names as well, of which `theirs` are other families' names."""
    return {**values, **{ours: values[name] for ours, name in theirs.items() if name in values}}
