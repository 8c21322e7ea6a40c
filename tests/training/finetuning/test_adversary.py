"""Adversarial training: what is added to embeddings, and that a run with it repeats and goes on as any does."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from finetuned_folders import finetune, flags, interrupt_finetune, write_data
from safetensors.torch import load_file
from small_corpus import ROOT

from training.finetuning.adversary import add_to_embeddings, read_embeddings, worst_change
from training.finetuning.heads import load_headed
from training.finetuning.inputs import load_inputs
from training.finetuning.plan import FinetunePlan

Start = Callable[[str], Path]
SHORT = ("--adversarial", "0.3", "--epochs", "2")


@pytest.mark.parametrize("family", ["bert", "albert", "gpt2"])
def test_the_change_is_as_long_as_asked_and_raises_the_loss_of_every_example(start: Start, family: str) -> None:
    from transformers import AutoModelForSequenceClassification

    inputs = load_inputs(start(family), 0)
    plan = FinetunePlan(task="classification")
    model = load_headed(start(family), AutoModelForSequenceClassification, plan, inputs, {"num_labels": 2}).eval()
    features = [inputs.encode(text) for text in ("list value", "a string of the error", "return object")]
    batch = inputs.batch([dict(one) for one in features])
    labels = torch.tensor([0, 1, 0])

    def losses() -> torch.Tensor:
        return torch.nn.functional.cross_entropy(model(**batch).logits, labels, reduction="none")

    embeddings = model.get_input_embeddings()
    with read_embeddings(embeddings) as read:
        before = losses()
        before.mean().backward()
    [vectors] = read
    for norm in (1e-3, 0.5):
        change = worst_change(vectors, norm)
        assert change.flatten(1).norm(dim=1).tolist() == pytest.approx([norm] * 3, rel=1e-5)
    assert not change[batch["attention_mask"] == 0].any()  # padding is not read
    with torch.no_grad(), add_to_embeddings(embeddings, [worst_change(vectors, 1e-3)]):
        assert (losses() > before).all()
    # To the first order the loss rises by the norm of its gradient, which no other direction reaches.
    other = torch.randn(vectors.shape, generator=torch.Generator().manual_seed(0))
    other *= 1e-3 / torch.linalg.vector_norm(other, dim=(1, 2), keepdim=True)
    with torch.no_grad():
        with add_to_embeddings(embeddings, [worst_change(vectors, 1e-3)]):
            worst = losses()
        with add_to_embeddings(embeddings, [other]):
            assert (losses() < worst).all()
        assert torch.equal(losses(), before)  # nothing is left behind


def test_no_gradient_is_no_change() -> None:
    vectors = torch.ones(2, 3, 4)
    vectors.grad = torch.zeros(2, 3, 4)
    assert torch.equal(worst_change(vectors, 1.0), torch.zeros(2, 3, 4))


def test_the_same_bytes_again_and_after_it_was_stopped(start: Start, tmp_path: Path) -> None:
    data = write_data(tmp_path / "data")
    for name in ("once", "again"):
        finetune(*flags(start("bert"), data, tmp_path / name, *SHORT))
    interrupt_finetune(2, *flags(start("bert"), data, tmp_path / "stopped", *SHORT))
    finetune(*flags(start("bert"), data, tmp_path / "stopped", *SHORT))
    finetune(*flags(start("bert"), data, tmp_path / "without", "--epochs", "2"))
    once, again, stopped, without = (
        (tmp_path / name / "model" / "model.safetensors").read_bytes()
        for name in ("once", "again", "stopped", "without")
    )
    assert once == again == stopped != without


def test_processes_exchange_the_gradients_of_both_passes(start: Start, tmp_path: Path) -> None:
    """As many examples on one process as on two, without chance in the model: the same weights but for rounding."""
    data = write_data(tmp_path / "data", count=16)
    more = ("--adversarial", "0.3", "--epochs", "1")
    folder = start("bert")
    finetune(*flags(folder, data, tmp_path / "one", *more))
    launcher = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node=2"]
    command = [*launcher, "training/finetune.py", *flags(folder, data, tmp_path / "two", *more)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]
    one, two = (load_file(tmp_path / name / "model" / "model.safetensors") for name in ("one", "two"))
    for name, weight in one.items():
        torch.testing.assert_close(two[name], weight, rtol=1e-3, atol=1e-3, msg=name)


@pytest.mark.parametrize("task", ["regression", "choice", "tagging", "answering"])
def test_other_tasks_learn_so_too(start: Start, tmp_path: Path, task: str) -> None:
    rows = {
        "regression": [{"text": f"list {number}", "score": number} for number in (1, 2)],
        "choice": [{"text": "list", "choices": ["error", "import"], "label": number} for number in (0, 1)],
        "tagging": [{"tokens": ["list", "error"], "tags": ["O", "B-name"]}],
        "answering": [{"question": "what", "context": "a list", "answers": {"text": ["list"], "answer_start": [2]}}],
    }[task]
    data = tmp_path / "train.jsonl"
    data.write_text("".join(json.dumps(row) + "\n" for row in rows * 10))
    words = ["--task", task, "--from", str(start("bert")), "--data", str(data), "--threads", "1", "--epochs", "1"]
    made = []
    for norm in ("0", "2"):
        finetune(*words, "--out", str(tmp_path / norm), "--adversarial", norm)
        made.append(load_file(tmp_path / norm / "model" / "model.safetensors"))
    assert any(not torch.equal(made[0][name], made[1][name]) for name in made[0])


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"task": "translation", "adversarial": 0.5}, "adversarial 0.5 is for classification, .*, not translation"),
        ({"task": "classification", "adversarial": -1.0}, "adversarial -1.0: a finite number is needed, 0 or more"),
        ({"task": "classification", "adversarial": float("nan")}, "adversarial nan: a finite number"),
    ],
)
def test_what_cannot_be_is_refused(settings: dict[str, object], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        FinetunePlan(**settings)  # type: ignore[arg-type]
