from __future__ import annotations

from dataclasses import replace

import pytest

from training.optim.scaling import derive_scaling
from training.presets import make_plan


def test_the_law_gives_what_its_paper_states() -> None:
    """1.79 N^-0.713 D^0.307 and 0.58 D^0.571 at about a billion parameters and 100 billion tokens."""
    config, _ = make_plan("base", 50257, 50256)
    size = config.matrix_parameters
    found = derive_scaling(config, tokens=100_000_000_000, context=2048)
    assert found.learning_rate == pytest.approx(1.63e-3 * (size / 1e9) ** -0.713, rel=0.05)
    assert found.global_batch == 512  # the power of two nearest to 1.107M tokens


def test_of_a_small_run_it_comes_near_to_what_trial_found() -> None:
    """The law is of AdamW, for which trial found 3e-3 and 4 sequences; Muon bears more."""
    config, plan = make_plan("tiny", 4096, 0)
    found = derive_scaling(config, tokens=plan.tokens, context=plan.context)
    assert found.learning_rate == pytest.approx(3e-3, rel=0.5)
    assert abs(found.global_batch - plan.global_batch) <= 1
    assert "outside" in found.explanation[-1]


def test_steps_are_numbered_and_cite() -> None:
    config, _ = make_plan("small", 50257, 50256)
    found = derive_scaling(replace(config, num_hidden_layers=12), tokens=2_500_000_000, context=1024)
    assert [step.split(".")[0] for step in found.explanation] == ["1", "2", "3", "4", "5"]
    assert "Li et al. 2025" in found.explanation[2] and "within" in found.explanation[-1]
