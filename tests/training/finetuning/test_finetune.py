"""The command: from files to a folder with a model and its scores, alone and under torchrun, once and again."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from finetuned_folders import finetune, flags, interrupt_finetune, write_data
from safetensors.torch import load_file
from small_corpus import ROOT

from headwater.cli import main
from training.finetuning.answering import Answering
from training.finetuning.finished import load_finetuned
from training.finetuning.plan import FinetunePlan
from training.finetuning.results import Scored, interval
from training.finetuning.tasks import Scores

Start = Callable[[str], Path]


def test_a_folder_with_model_scores_and_predictions(
    start: Start, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data, out = write_data(tmp_path / "data"), tmp_path / "out"
    finetune(*flags(start("bert"), data, out))
    assert sorted(path.name for path in out.iterdir()) == ["items.parquet", "model", "predictions.jsonl", "score.json"]
    found = json.loads((out / "score.json").read_text())
    assert found["scored_on"] == "test" and found["examples"] == {"train": 48, "validation": 16} and found["n"] == 16
    assert found["score"]["low"] <= found["score"]["value"] <= found["score"]["high"]
    assert found["beside"]["the most frequent label"]["value"] == 0.5
    said = [json.loads(line) for line in (out / "predictions.jsonl").read_text().splitlines()]
    right = sum(one["example"]["label"] == one["prediction"]["label"] for one in said)
    assert right == sum(one["value"] for one in said) and all(one["weight"] == 1 for one in said)
    assert right / len(said) == found["score"]["value"]
    # The model as it was saved says the same.
    again = load_finetuned(out).predict([one["example"] for one in said])
    assert [one["label"] for one in again] == [one["prediction"]["label"] for one in said]
    printed = capsys.readouterr().out
    assert f"accuracy {found['score']['value']:.4f}" in printed and "baseline, the most frequent label" in printed
    # The same command does nothing, and another one does not overwrite.
    written = (out / "score.json").stat().st_mtime_ns
    finetune(*flags(start("bert"), data, out))
    assert (out / "score.json").stat().st_mtime_ns == written
    with pytest.raises(ValueError, match="holds what other settings, data or weights came to"):
        finetune(*flags(start("bert"), data, out, "--seed", "1"))


def test_the_same_bytes_a_second_time_and_after_it_was_stopped(start: Start, tmp_path: Path) -> None:
    data = write_data(tmp_path / "data")
    for name in ("once", "again"):
        finetune(*flags(start("bert"), data, tmp_path / name))
    interrupt_finetune(3, *flags(start("bert"), data, tmp_path / "stopped"))
    assert not (tmp_path / "stopped" / "score.json").exists()
    finetune(*flags(start("bert"), data, tmp_path / "stopped"))
    contents = [
        [
            (tmp_path / name / path).read_bytes()
            for path in ("model/model.safetensors", "score.json", "predictions.jsonl")
        ]
        for name in ("once", "again", "stopped")
    ]
    assert contents[0] == contents[1] == contents[2]


def test_under_torchrun(start: Start, tmp_path: Path) -> None:
    data, out = write_data(tmp_path / "data"), tmp_path / "out"
    launcher = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node=2"]
    command = [*launcher, "training/finetune.py", *flags(start("bert"), data, out)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]
    assert done.stdout.count("classification: accuracy") == 1  # by one of them
    assert load_file(out / "model" / "model.safetensors")
    assert json.loads((out / "score.json").read_text())["n"] == 16


def test_cross_validation_scores_every_example_by_a_model_that_has_not_seen_it(start: Start, tmp_path: Path) -> None:
    data, out = write_data(tmp_path / "data", count=30), tmp_path / "out"
    finetune(*flags(start("bert"), data / "train.tsv", out, "--folds", "3"))
    found = json.loads((out / "score.json").read_text())
    assert found["n"] == 30 and len(found["folds"]) == 3 and found["scored_on"] == "folds"
    assert not (out / "model").exists()
    assert found["score"]["value"] == pytest.approx(sum(one["value"] for one in found["folds"]) / 3)


def test_a_label_that_a_fold_does_not_learn_is_scored_all_the_same(start: Start, tmp_path: Path) -> None:
    data, out = write_data(tmp_path / "data", count=20), tmp_path / "out"
    with (data / "train.tsv").open("a") as file:
        file.write("list string 20\trare\n")
    finetune(*flags(start("bert"), data / "train.tsv", out, "--folds", "3", "--epochs", "1"))
    found = json.loads((out / "score.json").read_text())
    assert found["labels"] == ["bad", "good", "rare"] and [sum(row) for row in found["confusion"]] == [10, 10, 1]


def test_two_folders_are_compared_over_the_same_examples(
    start: Start, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = write_data(tmp_path / "data")
    for seed in ("0", "1"):
        finetune(*flags(start("bert"), data, tmp_path / seed, "--seed", seed, "--epochs", "1"))
    capsys.readouterr()
    assert main(["compare", str(tmp_path / "0"), str(tmp_path / "1")]) == 0
    said = capsys.readouterr().out
    assert "classification: accuracy of 16 items, higher is better" in said and "One checkpoint a side" in said


def test_questions_about_one_text_are_one_cluster() -> None:
    rows = [
        {"context": text, "question": str(n), "answers": {"text": [], "answer_start": []}}
        for text in "ab"
        for n in "12"
    ]
    task = Answering(FinetunePlan(task="answering"), {"usual_words": 1})
    blank = Scores(values=np.array([1, 1, 0, 0]), weights=np.ones(4), metrics={})
    scored = Scored(task=task, examples=rows, predictions=[{}] * 4, scores=blank, trivial=blank)
    found = scored.score({})
    assert found["clusters"] == 2 and found["n"] == 4
    alone = interval(blank, ["1", "2", "3", "4"])
    assert found["score"]["low"] < alone["low"] and found["score"]["high"] > alone["high"]


def test_random_weights_are_another_model(start: Start, tmp_path: Path) -> None:
    data = write_data(tmp_path / "data")
    for initial in ("pretrained", "random"):
        finetune(*flags(start("bert"), data, tmp_path / initial, "--initial", initial, "--epochs", "1"))
    one, other = (load_file(tmp_path / name / "model" / "model.safetensors") for name in ("pretrained", "random"))
    assert set(one) == set(other)
    name = "bert.embeddings.word_embeddings.weight"
    assert (one[name] - other[name]).abs().mean() > 0.01


@pytest.mark.parametrize(
    ("family", "more", "said"),
    [
        ("lstm", [], "transformers does not have its family, so it cannot be fine-tuned; take one of .*bert"),
        ("bert", ["--max-tokens", "65"], "max_tokens 65: the model of .* reads at most 64"),
        ("bert", ["--lora-rank", "2", "--freeze", "1"], "lora_rank 2 freezes all weights"),
        ("bert", ["--folds", "1"], "folds 1: a model would be scored on what it has seen"),
        ("bert", ["--folds", "2"], "--folds 2 holds back parts of --data in turn; leave out .*dev.tsv"),
        ("bert", ["--field", "text"], "--field text: give FIELD=COLUMN"),
        ("bert", ["--epochs", "0"], "epochs 0: at least 1 is needed"),
        ("bert", ["--attention", "both-sides"], "BertForSequenceClassification does not read from left to right alone"),
    ],
)
def test_what_cannot_be_is_refused(start: Start, tmp_path: Path, family: str, more: list[str], said: str) -> None:
    data = write_data(tmp_path / "data")
    with pytest.raises(ValueError, match=said):
        finetune(*flags(start(family), data, tmp_path / "out", *more))
    assert not (tmp_path / "out" / "score.json").exists()


def test_a_translation_model_has_no_head_for_answering(start: Start, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no AutoModelForCausalLM for the family t5"):
        data = tmp_path / "chat.jsonl"
        data.write_text('{"prompt": "a", "response": "b"}\n' * 20)
        words = [
            "--task",
            "instructions",
            "--from",
            str(start("t5")),
            "--data",
            str(data),
            "--out",
            str(tmp_path / "o"),
        ]
        finetune(*words)
