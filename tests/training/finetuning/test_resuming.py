"""Resuming: a run that was stopped, by Ctrl-C or while it wrote, ends as one that was not."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from finetuned_folders import finetune, flags, interrupt_finetune, write_data

from training.finetuning.finished import Finetuned
from training.finetuning.resuming import find_resumption

Start = Callable[[str], Path]
STUCK = ("--epochs", "6", "--learning-rate", "1e-12", "--patience", "2")  # no epoch is better than the first


def epochs(capsys: pytest.CaptureFixture[str]) -> list[int]:
    return [int(number) for number in re.findall(r"^epoch (\d+)/", capsys.readouterr().out, re.MULTILINE)]


def write_checkpoint(folder: Path, state: str | None) -> None:
    folder.mkdir(parents=True)
    (folder / "model.safetensors").write_bytes(b"")
    if state is not None:
        (folder / "trainer_state.json").write_text(state)


def test_patience_counts_the_epochs_before_it_was_stopped(
    start: Start, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = flags(start("bert"), write_data(tmp_path / "data"), tmp_path / "out", *STUCK)
    interrupt_finetune(3, *command)
    assert epochs(capsys) == [1, 2]
    with pytest.MonkeyPatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(Finetuned, "predict", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        finetune(*command)
    assert epochs(capsys) == [3]
    finetune(*command)  # stopped once more when its patience was at an end, it learns no further
    assert epochs(capsys) == [] and (tmp_path / "out" / "model").is_dir()


def test_a_checkpoint_that_was_half_written_is_passed_over(
    start: Start, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = flags(start("bert"), write_data(tmp_path / "data"), tmp_path / "out")
    interrupt_finetune(3, *command)
    [steps] = (tmp_path / "out" / "steps").iterdir()
    newest = max(int(path.name.removeprefix("checkpoint-")) for path in steps.iterdir())
    write_checkpoint(steps / f"checkpoint-{newest * 3 // 2}", None)
    capsys.readouterr()
    finetune(*command)
    assert epochs(capsys) == [3] and (tmp_path / "out" / "score.json").is_file()


def test_the_newest_whole_checkpoint_is_by_steps(tmp_path: Path) -> None:
    assert find_resumption(tmp_path / "none") is None
    state = {"epoch": 2.0, "stateful_callbacks": {"TrainerControl": {"args": {"should_training_stop": False}}}}
    for step, content in ((9, json.dumps(state)), (10, json.dumps(state)), (11, '{"epoch": 2.'), (12, None)):
        write_checkpoint(tmp_path / f"checkpoint-{step}", content)
    found = find_resumption(tmp_path)
    assert found is not None and found.folder.name == "checkpoint-10" and found.epochs == 2 and not found.ended
