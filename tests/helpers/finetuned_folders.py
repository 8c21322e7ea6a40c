"""Fine-tuned folders: examples of two labels, and the command on them in this process."""

from __future__ import annotations

from pathlib import Path

import pytest

from training.finetuning import run
from training.finetuning.arguments import build_parser, read_arguments
from training.finetuning.learner import Learner


def write_data(folder: Path, count: int = 48) -> Path:
    """Texts that hold one of two words, in a table without names."""
    folder.mkdir()
    words = ["list value", "a string of the", "return object", "number"]
    for part, rows in (("train", count), ("dev", 16), ("test", 16)):
        lines = [
            f"{words[number % 4]} {('error', 'import')[number % 2]} {number}\t{('bad', 'good')[number % 2]}\n"
            for number in range(rows)
        ]
        (folder / f"{part}.tsv").write_text("".join(lines))
    return folder


def flags(start: Path, data: Path, out: Path, *more: str) -> list[str]:
    settings = [
        "--columns",
        "text",
        "label",
        "--epochs",
        "3",
        "--batch",
        "8",
        "--learning-rate",
        "5e-3",
        "--threads",
        "1",
    ]
    return ["--task", "classification", "--from", str(start), "--data", str(data), "--out", str(out), *settings, *more]


def finetune(*words: str) -> int:
    return run.finetune(*read_arguments(vars(build_parser().parse_args(list(words)))))


def interrupt_finetune(epoch: int, *words: str) -> None:
    """Ends the command as Ctrl-C does, before the model of this epoch is measured; the first is 1."""
    whole, epochs = Learner.evaluate, []

    def stop(self: Learner, *given: object, **named: object) -> dict[str, float]:
        epochs.append(len(epochs))
        if len(epochs) == epoch:
            raise KeyboardInterrupt
        return whole(self, *given, **named)

    with pytest.MonkeyPatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(Learner, "evaluate", stop)
        finetune(*words)
