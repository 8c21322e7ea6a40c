"""Private training: what an example may do to the gradient, what noise is promised to hide, and what is refused."""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from finetuned_folders import finetune, flags, interrupt_finetune, write_data
from opacus.accountants import RDPAccountant
from opacus.optimizers import DPOptimizer

from training.finetuning import private
from training.finetuning.catalog import TASKS
from training.finetuning.guarantee import plan_guarantee
from training.finetuning.heads import load_headed
from training.finetuning.inputs import load_inputs
from training.finetuning.learner import Learner
from training.finetuning.plan import FinetunePlan
from training.finetuning.private import PrivateLearner, find_seed, gradients_of_each

Start = Callable[[str], Path]
EXAMPLES = [{"text": text, "label": label} for text, label in (("a list value", 0), ("error", 1), ("the string of", 0))]


def prepare(folder: Path, examples: list[dict[str, object]] = EXAMPLES, **plan: object):
    """A task, a model without chance, the weights that it learns, and a batch of the examples."""
    settings = FinetunePlan(task="classification", **plan)  # type: ignore[arg-type]
    task = TASKS["classification"].learn(settings, EXAMPLES)
    inputs = load_inputs(folder, 0)
    model = load_headed(folder, task.head(folder), settings, inputs, task.configuration()).eval()
    model.set_attn_implementation("eager")
    weights = {name: weight for name, weight in model.named_parameters() if weight.requires_grad}
    batch = task.collate([one for example in examples for one in task.features(example, inputs)], inputs)
    return task, model, weights, batch


@pytest.mark.parametrize(
    ("family", "plan"),
    [*((family, {}) for family in private.FAMILIES), ("bert", {"lora_rank": 2}), ("roberta", {"freeze": 1})],
)
def test_the_gradient_of_each_example_is_that_of_the_example_alone(
    start: Start, family: str, plan: dict[str, object]
) -> None:
    task, model, weights, batch = prepare(start(family), **plan)
    gradients, losses = gradients_of_each(task, model, weights, batch)
    for number in range(len(EXAMPLES)):
        model.zero_grad()
        loss = task.loss(model, {name: values[number : number + 1] for name, values in batch.items()})
        loss.backward()
        torch.testing.assert_close(losses[number], loss.detach())
        for name, weight in weights.items():
            alone = torch.zeros_like(weight) if weight.grad is None else weight.grad
            torch.testing.assert_close(gradients[name][number], alone, msg=name, atol=1e-6, rtol=1e-4)


class Steps:
    """What one step of the learner leaves in the gradients, before the optimizer moves any weight."""

    def __init__(self, folder: Path, *, clip: float, noise: float) -> None:
        self.folder, self.clip, self.noise = folder, clip, noise

    def gradient(self, examples: list[dict[str, object]]) -> torch.Tensor:
        """The sum over examples, all weights as one vector."""
        task, model, weights, batch = prepare(self.folder, examples or EXAMPLES)
        optimizer = DPOptimizer(
            torch.optim.SGD(weights.values(), lr=0.0),
            noise_multiplier=self.noise,
            max_grad_norm=self.clip,
            expected_batch_size=1,
            generator=torch.Generator().manual_seed(0),
        )
        model.train = lambda mode=True: model  # the model stays one without chance
        learner = SimpleNamespace(task=task, private=optimizer, args=SimpleNamespace(device=torch.device("cpu")))
        PrivateLearner.training_step(learner, model, batch if examples else {})  # type: ignore[arg-type]
        optimizer.step()
        return torch.cat([weight.grad.flatten() for weight in weights.values()])


def test_one_example_moves_the_sum_by_no_more_than_the_clip(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(private, "TOGETHER", 2)  # so that three examples are in two parts
    clip = 0.05
    step = Steps(start("bert"), clip=clip, noise=0.0)
    whole = step.gradient(EXAMPLES)
    other = step.gradient([*EXAMPLES[:2], {"text": "return object number", "label": 1}])
    without = step.gradient(EXAMPLES[:2])
    assert 0 < (whole - other).norm() <= 2 * clip * 1.001
    assert (whole - without).norm() == pytest.approx(clip, rel=1e-3)  # its own gradient is longer, and was cut
    assert step.gradient([]).norm() == 0  # a step may read no example
    assert Steps(start("bert"), clip=clip, noise=1.0).gradient([]).norm() > 0  # and hides that it did


def test_noise_has_the_deviation_that_the_accountant_assumes(start: Start) -> None:
    noise = Steps(start("bert"), clip=0.5, noise=3.0).gradient([])
    assert noise.std().item() == pytest.approx(1.5, rel=0.02)


def test_with_a_large_clip_and_no_noise_it_is_the_ordinary_gradient(start: Start) -> None:
    found = Steps(start("bert"), clip=1e9, noise=0.0).gradient(EXAMPLES)
    task, model, weights, batch = prepare(start("bert"))
    (task.loss(model, batch) * len(EXAMPLES)).backward()
    ordinary = torch.cat([weight.grad.flatten() for weight in weights.values()])
    torch.testing.assert_close(found, ordinary, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("delta", [0.0, 1e-6])
def test_the_noise_is_enough_and_no_more_than_that_by_the_accountant_of_opacus(delta: float) -> None:
    plan = FinetunePlan(task="classification", epochs=4, batch=50, private_epsilon=2, private_delta=delta)
    found = plan_guarantee(plan, 1_000)
    assert (found.delta, found.sampling_rate, found.steps) == (delta or 1 / 1_000, 0.05, 80)

    def epsilon(noise: float, steps: int) -> float:
        accountant = RDPAccountant()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            for _ in range(steps):
                accountant.step(noise_multiplier=noise, sample_rate=0.05)
            return float(accountant.get_epsilon(delta=found.delta))

    assert 1.98 <= epsilon(found.noise_multiplier, 80) <= 2 < epsilon(0.95 * found.noise_multiplier, 80)
    for steps in (40, 80):
        spent = found.spent(steps)
        assert spent["epsilon"] == pytest.approx(epsilon(found.noise_multiplier, steps)) and spent["steps"] == steps


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"batch": 20}, "batch 20 of 10 training examples"),
        ({"private_delta": 0.5}, "private_delta 0.5 promises nothing of 10 training examples: give at most 0.1"),
        (
            {"private_epsilon": 0.1, "private_delta": 1e-90},
            "private_epsilon 0.1: no noise is enough for it and a delta of 1e-90; give more than 0.39",
        ),
    ],
)
def test_a_promise_that_cannot_be_is_refused(settings: dict[str, object], said: str) -> None:
    plan = FinetunePlan(**{"task": "classification", "batch": 5, "private_epsilon": 1.0, **settings})  # type: ignore
    with pytest.raises(ValueError, match=said):
        plan_guarantee(plan, 10)


def test_score_and_model_say_what_was_spent_and_a_stopped_run_spends_it_once(
    start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    data, more = write_data(tmp_path / "data"), ("--private-epsilon", "3", "--epochs", "2")
    monkeypatch.setattr(private.secrets, "randbits", lambda _: 7)  # drawn anew by each run otherwise
    finetune(*flags(start("bert"), data, tmp_path / "once", *more))
    found = json.loads((tmp_path / "once" / "score.json").read_text())["privacy"]
    assert 2.9 < found["epsilon"] <= 3 and found["delta"] == 1 / 48 and found["steps"] == 12
    assert found["sampling_rate"] == 8 / 48 and found["noise_multiplier"] > 0 and found["clip"] == 1
    assert json.loads((tmp_path / "once" / "model" / "task.json").read_text())["privacy"] == found
    assert f"each of 48 training examples: epsilon {found['epsilon']:.3f}, delta 0.021" in capsys.readouterr().out
    interrupt_finetune(2, *flags(start("bert"), data, tmp_path / "stopped", *more))
    [seed] = (tmp_path / "stopped").rglob("noise_seed")
    assert seed.stat().st_mode & 0o077 == 0  # for its owner alone
    # What is drawn now is not used: the run goes on with the noise that it began with.
    monkeypatch.setattr(private.secrets, "randbits", lambda _: 8)
    finetune(*flags(start("bert"), data, tmp_path / "stopped", *more))
    finetune(*flags(start("bert"), data, tmp_path / "other", *more))
    for name in ("model/model.safetensors", "score.json"):
        assert (tmp_path / "once" / name).read_bytes() == (tmp_path / "stopped" / name).read_bytes()
    once, other = ((tmp_path / name / "model" / "model.safetensors").read_bytes() for name in ("once", "other"))
    assert once != other
    assert not list(tmp_path.rglob("noise_seed"))  # the noise cannot be drawn again, and taken off


def test_patience_spends_less(start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Learner, "evaluate", _never_better)
    data, more = write_data(tmp_path / "data"), ("--private-epsilon", "3", "--epochs", "3", "--patience", "1")
    finetune(*flags(start("bert"), data, tmp_path / "out", *more))
    found = json.loads((tmp_path / "out" / "score.json").read_text())["privacy"]
    assert found["steps"] == 12 and found["epsilon"] < 2.8


def _never_better(self: Learner, *_: object, **__: object) -> dict[str, float]:
    metrics = {"eval_accuracy": 0.5}
    self.control = self.callback_handler.on_evaluate(self.args, self.state, self.control, metrics)
    return metrics


def test_steps_without_their_noise_are_refused(tmp_path: Path) -> None:
    seed = find_seed(tmp_path)
    assert find_seed(tmp_path) == seed
    (tmp_path / "checkpoint-6").mkdir()
    assert find_seed(tmp_path) == seed
    (tmp_path / "noise_seed").unlink()
    with pytest.raises(ValueError, match="has steps of private training without noise_seed; remove it to begin anew"):
        find_seed(tmp_path)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"task": "regression"}, "private_epsilon 3.0 is for classification, not regression"),
        ({"adversarial": 0.1}, "private_epsilon 3.0 bounds each example's gradient, of which adversarial has two"),
        ({"folds": 2}, "private_epsilon 3.0 is spent by each of 2 folds on the same examples"),
        ({"private_clip": 0.0}, "private_clip 0.0: a finite number above 0 is needed"),
        ({"private_epsilon": float("inf")}, "private_epsilon inf: a finite number is needed"),
        ({"private_epsilon": 0.0, "private_delta": 0.1}, "private_delta 0.1 is of use beside private_epsilon alone"),
    ],
)
def test_what_cannot_be_private_is_refused(settings: dict[str, object], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        FinetunePlan(**{"task": "classification", "private_epsilon": 3.0, **settings})  # type: ignore[arg-type]


def test_families_and_processes_are_refused_by_name(
    start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data, more = write_data(tmp_path / "data"), ("--private-epsilon", "3")
    with pytest.raises(ValueError, match="not with a model of the family gpt2, but with albert, bert, electra, robe"):
        finetune(*flags(start("gpt2"), data, tmp_path / "out", *more))
    monkeypatch.setenv("WORLD_SIZE", "2")
    with pytest.raises(ValueError, match="private_epsilon is for one process, not 2: leave out torchrun"):
        finetune(*flags(start("bert"), data, tmp_path / "out", *more))
    assert not (tmp_path / "out").exists()


def test_without_opacus_it_says_what_to_install(start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from training.finetuning import run

    monkeypatch.setattr(run, "find_spec", lambda name: None if name == "opacus" else object())
    with pytest.raises(ValueError, match=r"private fine-tuning needs opacus: pip install 'headwater\[private\]'"):
        finetune(*flags(start("bert"), write_data(tmp_path / "data"), tmp_path / "out", "--private-epsilon", "3"))
