"""Fine-tuning: what a recipe says of a task that its model is fine-tuned for: the examples, and what differs from the
plan of training/finetuning/plan.py."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path

from training.finetuning.data import Files, find_files
from training.finetuning.fields import LAYOUTS
from training.finetuning.plan import FinetunePlan

PLAN = tuple(one.name for one in fields(FinetunePlan))


@dataclass(frozen=True, kw_only=True)
class FinetuneConfig(FinetunePlan):
    """`data`, `validation`, `test`: files on this machine, or of `data` a folder of them; `columns` and `fields` name
    what is in them (docs/finetuning.md). `processes`: how many train together."""

    name: str
    data: str
    validation: str | None = None
    test: str | None = None
    columns: tuple[str, ...] = ()
    fields: Mapping[str, str] = field(default_factory=dict)
    processes: int = 1

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.task not in LAYOUTS:
            raise ValueError(f"task {self.task!r} is unknown; choose one of {', '.join(LAYOUTS)}")
        if self.processes < 1:
            raise ValueError(f"processes {self.processes}: at least 1 is needed")

    @property
    def plan(self) -> FinetunePlan:
        return FinetunePlan(**{name: getattr(self, name) for name in PLAN})

    def files(self) -> Files:
        """Raises ValueError or OSError where they are not there."""
        validation, test = (Path(path) if path else None for path in (self.validation, self.test))
        return find_files(Path(self.data), validation, test, columns=self.columns, fields=self.fields)

    def flags(self) -> Iterator[str]:
        """Of training/finetune.py, which makes the same plan of them."""
        for name in PLAN:
            yield from (f"--{name.replace('_', '-')}", str(getattr(self, name)))
        for name in ("data", "validation", "test"):
            if path := getattr(self, name):
                yield from (f"--{name}", path)
        if self.columns:
            yield from ("--columns", *self.columns)
        for name, column in self.fields.items():
            yield from ("--field", f"{name}={column}")
