from __future__ import annotations

from itertools import pairwise

import pytest
import torch

from tests.training.small_corpus import Data
from training import optimizer as optimizers
from training.guard import SIGMAS, WINDOW, Guard
from training.transformer import Transformer


def test_the_rate_warms_up_and_falls_to_a_tenth(data: Data) -> None:
    plan = data.plan(tokens=100 * 128, warmup=0.1, learning_rate=1.0)
    rates = [optimizers.learning_rate(plan, step) for step in range(100)]
    assert rates[0] == pytest.approx(0.1) and max(rates) == 1.0 and rates.index(1.0) == 9
    assert rates[99] == pytest.approx(0.1)
    assert all(one >= two for one, two in pairwise(rates[9:]))


def test_matrices_decay_and_norms_do_not(data: Data) -> None:
    model = Transformer(data.model())
    decayed, kept = optimizers.build(model, data.plan()).param_groups
    assert {p.ndim for p in decayed["params"]} == {2} and decayed["weight_decay"] == 0.1
    assert {p.ndim for p in kept["params"]} == {1} and kept["weight_decay"] == 0.0
    assert len(decayed["params"]) + len(kept["params"]) == len(list(model.parameters()))


def test_saved_state_continues_bit_for_bit(data: Data) -> None:
    def step(model: Transformer, optimizer: torch.optim.Optimizer, seed: int) -> None:
        tokens = torch.randint(0, 512, (2, 33), generator=torch.Generator().manual_seed(seed))
        optimizer.zero_grad()
        model(tokens[:, :-1], tokens[:, 1:]).backward()
        optimizer.step()

    one = Transformer(data.model())
    first = optimizers.build(one, data.plan())
    step(one, first, 0)
    two = Transformer(data.model(), seed=9)
    two.load_state_dict(one.state_dict())
    second = optimizers.build(two, data.plan())
    saved = optimizers.state_tensors(first, one)
    optimizers.load_state_tensors(second, two, {name: value.clone() for name, value in saved.items()})
    step(one, first, 1)
    step(two, second, 1)
    assert all(torch.equal(a, b) for a, b in zip(one.parameters(), two.parameters(), strict=True))
    with pytest.raises(ValueError, match=r"no state for model.embed_tokens.weight"):
        optimizers.load_state_tensors(second, two, {"other/exp_avg": torch.zeros(1)})


def test_the_guard_skips_a_spike_and_gives_up_after_three() -> None:
    guard = Guard()
    for number in range(WINDOW):
        assert guard.fault(2.0 + 0.01 * (number % 2), 1.0) is None
    assert guard.fault(2.01, float("inf")) == "gradient norm is inf"
    assert "beyond 6 sigma" in str(guard.fault(2.005 + 0.005 * (SIGMAS + 1), 1.0))
    assert not guard.exhausted
    restored = Guard(**guard.state())  # type: ignore[arg-type]
    assert restored.fault(float("nan"), 1.0) == "loss is nan" and restored.exhausted
    assert guard.fault(2.0, 1.0) is None and guard.skipped == 0


def test_the_guard_lets_the_first_steps_fall() -> None:
    guard = Guard()
    assert all(guard.fault(9.0 / (step + 1), 1.0) is None for step in range(200))
