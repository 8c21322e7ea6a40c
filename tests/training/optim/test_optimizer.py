from __future__ import annotations

from itertools import pairwise

import pytest
import torch
from small_corpus import Data

from training.models.qwen3.transformer import Transformer
from training.optim.optimizer import Optimizer
from training.optim.schedule import scheduled_rate
from training.run.guard import HISTORY, SIGMAS, Guard


@pytest.mark.parametrize("schedule", ["cosine", "wsd", "linear", "exponential"])
def test_the_rate_warms_up_and_falls_to_a_tenth(data: Data, schedule: str) -> None:
    plan = data.plan(tokens=100 * 128, warmup_fraction=0.1, learning_rate=1.0, schedule=schedule)
    rates = [scheduled_rate(plan, step) for step in range(100)]
    assert rates[0] == pytest.approx(0.1) and max(rates) == 1.0 and rates.index(1.0) == 9
    assert rates[99] == pytest.approx(0.1)
    assert all(one >= two for one, two in pairwise(rates[9:]))
    halfway = {"cosine": 0.55, "wsd": 1.0, "linear": 0.55, "exponential": 0.1**0.5}[schedule]
    assert rates[54] == pytest.approx(halfway, abs=0.02)


def test_wsd_stays_until_its_decay(data: Data) -> None:
    plan = data.plan(tokens=100 * 128, warmup_fraction=0.1, decay_fraction=0.2, learning_rate=1.0, schedule="wsd")
    rates = [scheduled_rate(plan, step) for step in range(100)]
    assert set(rates[9:80]) == {1.0} and rates[81] < 1.0
    assert rates[90] - rates[89] == pytest.approx(rates[99] - rates[98])
    constant = [scheduled_rate(data.plan(tokens=100 * 128, schedule="constant"), step) for step in range(100)]
    assert set(constant[5:]) == {5e-3}


def learn(model: Transformer, optimizer: Optimizer, seed: int, rate: float = 5e-3) -> None:
    tokens = torch.randint(0, 512, (2, 33), generator=torch.Generator().manual_seed(seed))
    optimizer.zero_grad()
    model(tokens[:, :-1], tokens[:, 1:]).backward()
    optimizer.step(rate)


@pytest.mark.parametrize("kind", ["adamw", "muon"])
def test_matrices_decay_and_norms_do_not(data: Data, kind: str) -> None:
    """With no gradient at all, decay is what is left of an update."""
    model = Transformer(data.model())
    before = {name: weight.clone() for name, weight in model.state_dict().items()}
    optimizer = Optimizer(model, data.plan(optimizer=kind, weight_decay=0.1))
    for parameter in model.parameters():
        parameter.grad = torch.zeros_like(parameter)
    optimizer.step(0.5)
    for name, weight in model.state_dict().items():
        share = 0.95 if weight.ndim == 2 else 1.0
        assert torch.allclose(weight, share * before[name], atol=1e-7), name


def test_l1_brings_weights_of_matrices_to_zero(data: Data) -> None:
    sparse, dense = Transformer(data.model()), Transformer(data.model())
    for model, l1 in ((sparse, 0.2), (dense, 0.0)):
        optimizer = Optimizer(model, data.plan(l1=l1))
        for seed in range(10):
            learn(model, optimizer, seed)
    zeros = {name: float((weight == 0).float().mean()) for name, weight in sparse.state_dict().items()}
    assert all(share > 0.05 for name, share in zeros.items() if sparse.get_parameter(name).ndim == 2)
    assert all(share == 0 for name, share in zeros.items() if sparse.get_parameter(name).ndim == 1)
    assert not any(bool((weight == 0).any()) for weight in dense.state_dict().values())


def test_an_update_of_muon_is_as_large_as_one_of_adamw(data: Data) -> None:
    sizes = {}
    for kind in ("muon", "adamw"):
        model = Transformer(data.model())
        optimizer = Optimizer(model, data.plan(optimizer=kind, weight_decay=0.0))
        for seed in range(5):
            before = {name: weight.clone() for name, weight in model.state_dict().items() if ".mlp." in name}
            learn(model, optimizer, seed, rate=1e-3)
        sizes[kind] = max(float((model.state_dict()[name] - old).pow(2).mean().sqrt()) for name, old in before.items())
    assert 0.1 < sizes["muon"] / sizes["adamw"] < 1.5


@pytest.mark.parametrize("kind", ["adamw", "muon"])
def test_saved_state_continues_bit_for_bit(data: Data, kind: str) -> None:
    one = Transformer(data.model())
    first = Optimizer(one, data.plan(optimizer=kind))
    learn(one, first, 0)
    two = Transformer(data.model(), seed=9)
    two.load_state_dict(one.state_dict())
    second = Optimizer(two, data.plan(optimizer=kind))
    second.updates = first.updates
    restored = second.state()
    for name, value in first.state().items():
        restored[name].copy_(value)
    learn(one, first, 1)
    learn(two, second, 1)
    assert all(torch.equal(a, b) for a, b in zip(one.parameters(), two.parameters(), strict=True))


def test_the_guard_skips_a_spike_and_gives_up_after_three() -> None:
    guard = Guard()
    for number in range(HISTORY):
        assert guard.check(2.0 + 0.01 * (number % 2), 1.0) is None
    assert guard.check(2.01, float("inf")) == "gradient norm is inf"
    assert "beyond 6 sigma" in str(guard.check(2.005 + 0.005 * (SIGMAS + 1), 1.0))
    assert not guard.exhausted
    restored = Guard(**guard.state())  # type: ignore[arg-type]
    assert restored.check(float("nan"), 1.0) == "loss is nan" and restored.exhausted
    assert guard.check(2.0, 1.0) is None and guard.skipped == 0


def test_the_guard_lets_the_first_steps_fall() -> None:
    guard = Guard()
    assert all(guard.check(9.0 / (step + 1), 1.0) is None for step in range(200))
