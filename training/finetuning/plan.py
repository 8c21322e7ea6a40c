"""Plan: what decides a fine-tuning, whatever its task. Needs no torch."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite

RANDOM, PRETRAINED = "random", "pretrained"
OWN, BOTH_SIDES = "own", "both-sides"
# Tasks of which every example is read once, by one row of embeddings.
READING_TASKS = ("classification", "regression", "choice", "tagging", "answering")
# Regression would tell the mean of the examples, and others have several rows for one example.
PRIVATE_TASKS = ("classification",)


@dataclass(frozen=True, kw_only=True)
class FinetunePlan:
    """`task`: a name of training/finetuning/catalog.py. `learning_rate`: its peak, after which it falls to zero.
    `patience`: epochs without a better validation score before it stops early; 0: it never does. `max_tokens`: of an
    example, 0: as many as the model can read. `attention`: whether a token sees what the model was made to see, or
    also what follows, in a model that reads from left to right, as GPT-BERT has learnt. `lora_rank`: of the matrices
    that are learnt beside frozen weights (Hu et al. 2022); 0: all weights are learnt. `freeze`: the embeddings and
    so many of the lowest layers stay as they are; 0: nothing does. `initial`: whether weights are those of the model
    that is started from, or drawn anew, to compare. `validation_share`: of the examples, held back where no
    validation file is given. `folds`: so many models are trained, each scored on a part that it has not seen; 0: one
    is. `language`: of the texts that it writes or answers with; a score may count them by characters. `adversarial`:
    the L2 norm of what is added to the embeddings of an example where the loss rises most (Miyato et al. 2017), 0:
    nothing is. `private_epsilon`: of differential privacy (Abadi et al. 2016), 0: training is not private;
    `private_delta`: its delta, 0: one by the number of examples; `private_clip`: the largest L2 norm of an example's
    gradient, above which it is scaled down."""

    task: str
    epochs: int = 3
    batch: int = 16
    learning_rate: float = 1e-3
    warmup_fraction: float = 0.06
    weight_decay: float = 0.01
    patience: int = 0
    max_tokens: int = 0
    attention: str = OWN
    lora_rank: int = 0
    freeze: int = 0
    initial: str = PRETRAINED
    validation_share: float = 0.1
    folds: int = 0
    language: str = "en"
    adversarial: float = 0.0
    private_epsilon: float = 0.0
    private_delta: float = 0.0
    private_clip: float = 1.0
    seed: int = 0
    threads: int = 2

    def __post_init__(self) -> None:
        for name in ("epochs", "batch", "threads"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} {getattr(self, name)}: at least 1 is needed")
        for name in ("patience", "max_tokens", "lora_rank", "freeze", "folds", "weight_decay", "warmup_fraction"):
            if getattr(self, name) < 0:
                raise ValueError(f"{name} {getattr(self, name)}: 0 or more is needed")
        for name in ("adversarial", "private_epsilon", "private_delta"):
            if not (isfinite(getattr(self, name)) and getattr(self, name) >= 0):
                raise ValueError(f"{name} {getattr(self, name)}: a finite number is needed, 0 or more")
        if self.learning_rate <= 0:
            raise ValueError(f"learning_rate {self.learning_rate}: more than 0 is needed")
        if not 0 < self.validation_share < 1:
            raise ValueError(f"validation_share {self.validation_share}: a share between 0 and 1 is needed")
        if self.folds == 1:
            raise ValueError("folds 1: a model would be scored on what it has seen; give 2 or more, or 0 for none")
        if self.initial not in (PRETRAINED, RANDOM):
            raise ValueError(f"initial {self.initial!r}: {PRETRAINED} or {RANDOM}")
        if self.lora_rank and (self.freeze or self.initial == RANDOM):
            raise ValueError(
                f"lora_rank {self.lora_rank} freezes all weights, and is of no use beside random ones; leave out "
                f"freeze and initial"
            )
        if self.adversarial and self.task not in READING_TASKS:
            raise ValueError(f"adversarial {self.adversarial} is for {', '.join(READING_TASKS)}, not {self.task}")
        if self.attention not in (OWN, BOTH_SIDES):
            raise ValueError(f"attention {self.attention!r}: {OWN} or {BOTH_SIDES}")
        if self.attention == BOTH_SIDES and self.task not in READING_TASKS:
            raise ValueError(f"attention {BOTH_SIDES} is for {', '.join(READING_TASKS)}, not {self.task}, which writes")
        self._check_private()

    def _check_private(self) -> None:
        if not (isfinite(self.private_clip) and self.private_clip > 0):
            raise ValueError(f"private_clip {self.private_clip}: a finite number above 0 is needed")
        if not self.private_epsilon:
            if self.private_delta:
                raise ValueError(
                    f"private_delta {self.private_delta} is of use beside private_epsilon alone; give both"
                )
            return
        said = f"private_epsilon {self.private_epsilon}"
        if self.task not in PRIVATE_TASKS:
            raise ValueError(f"{said} is for {', '.join(PRIVATE_TASKS)}, not {self.task}")
        if self.adversarial:
            raise ValueError(f"{said} bounds each example's gradient, of which adversarial has two; leave out one")
        if self.folds:
            raise ValueError(f"{said} is spent by each of {self.folds} folds on the same examples; leave out folds")
