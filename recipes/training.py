"""Training: what a recipe says of its training run: a preset, and what differs from it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from typing import Any

from training.config import TrainConfig
from training.models.config import ModelConfig
from training.models.families import FAMILIES
from training.presets import PRESETS, make_plan
from training.shape import Shape

SHAPE = tuple(field.name for field in fields(Shape))
# keep_every follows from TrainingConfig.along.
SETTINGS = tuple(field.name for field in fields(TrainConfig) if field.name != "keep_every")


@dataclass(frozen=True, kw_only=True)
class TrainingConfig(Shape):
    """`preset`: a plan of training/presets.py; `start`: a checkpoint, the --out of a run or a Hugging Face folder, with
    whose weights and shape the run begins; of the first two also a URL. `family`: the architecture, None for that of
    the start or the default one. The parts of the shape (training.shape.Shape) and the settings
    (training.config.TrainConfig) that are not None take the place of the preset's. `processes`: how many train
    together; the threads are the preset's whatever the number of workers of the data stages, because the order of a
    floating-point sum decides a checkpoint's bytes.

    `max_epochs`: how often the training documents are read at most, whatever `tokens` says; None: as often as it takes.
    `along`: how many earlier checkpoints, at most and evenly spaced, keep their weights for the learning curve. Each
    costs the size of the model."""

    preset: str = "tiny"
    start: str | None = None
    family: str | None = None
    processes: int = 1
    along: int = 4
    max_epochs: float | None = None
    tokens: int | None = None
    context: int | None = None
    micro_batch: int | None = None
    global_batch: int | None = None
    learning_rate: float | None = None
    optimizer: str | None = None
    schedule: str | None = None
    warmup_fraction: float | None = None
    decay_fraction: float | None = None
    final_lr_fraction: float | None = None
    weight_decay: float | None = None
    l1: float | None = None
    dropout: float | None = None
    label_smoothing: float | None = None
    beta1: float | None = None
    beta2: float | None = None
    momentum: float | None = None
    max_grad_norm: float | None = None
    objective: str | None = None
    mask_share: float | None = None
    mean_span: float | None = None
    whole_words: bool | None = None
    packing: str | None = None
    document_masks: bool | None = None
    freeze: int | None = None
    seed: int | None = None
    patience: int | None = None
    eval_every: int | None = None
    eval_sequences: int | None = None
    checkpoint_every: int | None = None
    keep_last: int | None = None
    sample_every: int | None = None
    threads: int | None = None
    dtype: str | None = None
    parallel: str | None = None
    compile: str | None = None
    timeout: int | None = None

    def __post_init__(self) -> None:
        if self.along < 0:
            raise ValueError(f"along {self.along}: a number of checkpoints is 0 or more")
        if self.processes < 1:
            raise ValueError(f"processes {self.processes}: at least 1 is needed")
        if self.max_epochs is not None and not self.max_epochs > 0:
            raise ValueError(f"max_epochs {self.max_epochs}: it must be above 0; none is no bound")
        if self.preset not in PRESETS:
            raise ValueError(f"preset {self.preset!r} is unknown; choose one of {', '.join(PRESETS)}")
        if self.family is not None and self.family not in FAMILIES:
            raise ValueError(f"family {self.family!r} is unknown; choose one of {', '.join(FAMILIES)}")
        wrong = next((name for name in SHAPE if (value := getattr(self, name)) is not None and value < 1), None)
        if wrong is not None:
            raise ValueError(f"{wrong} {getattr(self, wrong)}: at least 1 is needed")
        if self.start is None:
            self.plan(1 << 16, 0)
        else:
            self.settings()  # the shape is that of a folder, which a recipe does not read

    def tokens_of(self, planned: int, there: int) -> int:
        """How many tokens a run reads that was planned for `planned`, on shards that have `there`."""
        return planned if self.max_epochs is None else min(planned, int(self.max_epochs * there))

    @property
    def _changes(self) -> dict[str, Any]:
        return {name: value for name in SETTINGS if (value := getattr(self, name)) is not None}

    def settings(self) -> TrainConfig:
        """The preset's, changed; what follows from the model is not in them. Raises ValueError for those that cannot
        be."""
        return replace(PRESETS[self.preset]()[1], **self._changes)

    def plan(self, vocab_size: int, eos: int, start: ModelConfig | None = None) -> tuple[ModelConfig, TrainConfig]:
        """For a vocabulary, and for the model of the folder `start`. Raises ValueError for a model or plan that cannot
        be."""
        shape = Shape(**{name: getattr(self, name) for name in SHAPE})
        return make_plan(self.preset, vocab_size, eos, shape, self._changes, self.family, start)

    def flags(self) -> Iterator[str]:
        """Of training/train.py, which makes the same plan of them."""
        yield from ("--preset", self.preset)
        if self.start is not None:
            yield from ("--from", self.start)
        for name in ("family", *SHAPE, *SETTINGS):
            value, flag = getattr(self, name), name.replace("_", "-")
            if isinstance(value, bool):
                yield f"--{flag}" if value else f"--no-{flag}"
            elif value is not None:
                yield from (f"--{flag}", str(value))
