"""Distillation: the loss, and runs of the trainer that learn from a teacher."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from small_corpus import Data, newest, run
from torch.nn import functional

from training.checkpoints.export import load_causal
from training.compress.distillation import Teacher, distilled, taught_loss
from training.compress.plan import Teaching
from training.run.outdir import Outdir


def test_the_loss_is_that_of_the_paper() -> None:
    student, teacher, targets = torch.randn(6, 9), torch.randn(6, 9), torch.arange(6)
    found = taught_loss(student, teacher, targets, Teaching(temperature=3.0, hard_weight=0.25))
    p, q = (torch.softmax(part / 3.0, -1) for part in (teacher, student))
    soft = (p * (p / q).log()).sum()
    torch.testing.assert_close(
        found, 0.25 * functional.cross_entropy(student, targets, reduction="sum") + 0.75 * 9 * soft
    )


def test_the_text_alone_is_the_usual_loss(trained: Path, data: Data) -> None:
    """Also in the gradients, and with targets that do not count."""
    plain = data.model()
    tokens, targets = torch.randint(0, 512, (3, 32)), torch.randint(0, 512, (3, 32))
    targets[0, :5] = -100
    gradients = []
    for config in (plain, distilled(plain, Teacher(str(trained), Teaching(hard_weight=1.0)))):
        model = config.build(seed=1).train()
        loss = model(tokens, targets)
        loss.backward()
        gradients.append([loss.detach(), *(weight.grad for weight in model.parameters())])
    for one, other in zip(*gradients, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-4)


def test_a_student_comes_nearer_to_its_teacher(trained: Path, data: Data, tmp_path: Path) -> None:
    """A student of another size, whose folder has nothing of the teacher; after a stop it goes on alike."""
    teacher = Teacher(str(trained), Teaching(hard_weight=0.0, temperature=1.0))
    student = distilled(data.model(num_hidden_layers=1), teacher)
    plan = {"tokens": 60 * 4 * 32, "checkpoint_every": 20, "eval_every": 30}
    trainer = data.trainer(Outdir(tmp_path / "run"), model=student, **plan)
    tokens = torch.from_numpy(trainer.loader.read(torch.arange(8).numpy()).tokens)

    def apart(model: torch.nn.Module) -> float:
        with torch.no_grad():
            right, said = (one.eval().logits(tokens).log_softmax(-1) for one in (teacher.model, model))
        return float(functional.kl_div(said, right, reduction="batchmean", log_target=True))

    before = apart(data.model(num_hidden_layers=1).build(0))
    assert trainer.run() == 0
    folder = newest(tmp_path / "run")
    assert apart(load_causal(folder)) < 0.5 * before
    assert load_file(folder / "model.safetensors").keys() == data.model(num_hidden_layers=1).build().state_dict().keys()
    assert "distillation" not in (folder / "config.json").read_text()
    other = distilled(data.model(num_hidden_layers=1), Teacher(str(trained), Teaching(hard_weight=0.5)))
    with pytest.raises(ValueError, match=r"model.distillation.hard_weight: saved 0.0, now 0.5"):
        data.trainer(Outdir(tmp_path / "run"), model=other, **plan).run()


def test_training_takes_a_teacher(trained: Path, data: Data, tmp_path: Path) -> None:
    size = ("--layers", "1", "--width", "32", "--heads", "2", "--tokens", "1280")
    done = run(data.command(tmp_path / "run", *size, "--teacher", str(trained), "--temperature", "1.5"))
    assert done.returncode == 0, done.stderr
    assert '"temperature":1.5' in (newest(tmp_path / "run") / "state.json").read_text().replace(" ", "")


def test_who_cannot_learn_from_it_is_refused(trained: Path, data: Data) -> None:
    teacher, tokenizer = Teacher(str(trained), Teaching()), data.tokenizer.read_bytes()
    teacher.check_student(data.model(), tokenizer)
    with pytest.raises(ValueError, match="has another tokenizer than the shards"):
        teacher.check_student(data.model(), b"{}")
    with pytest.raises(ValueError, match="the teacher reads 32 tokens at once, the student 64; give --context 32"):
        teacher.check_student(data.model(max_position_embeddings=64), tokenizer)
    with pytest.raises(ValueError, match="temperature is 0"):
        Teaching(temperature=0)
    with pytest.raises(ValueError, match="hard_weight is 2"):
        Teaching(hard_weight=2)
