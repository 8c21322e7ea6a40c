from __future__ import annotations

from typing import Any

import pytest
import torch
from transformers import GenerationConfig, LlamaConfig, LlamaForCausalLM

from training.inference.sampling import Sampling


def drawn(sampling: Sampling, logits: torch.Tensor) -> set[int]:
    generator = torch.Generator().manual_seed(0)
    return {sampling.draw(logits, [0], generator) for _ in range(200)}


def test_top_k_draws_among_the_k_likeliest() -> None:
    logits = torch.arange(10.0)
    assert drawn(Sampling(temperature=5.0, top_k=2), logits) == {8, 9}
    assert len(drawn(Sampling(temperature=50.0, top_k=0), logits)) > 5


def test_top_p_draws_among_the_fewest_tokens_that_add_up_to_p() -> None:
    logits = torch.tensor([0.15, 0.5, 0.05, 0.3]).log()
    assert drawn(Sampling(temperature=1.0, top_k=0, top_p=0.4), logits) == {1}
    assert drawn(Sampling(temperature=1.0, top_k=0, top_p=0.6), logits) == {1, 3}
    assert drawn(Sampling(temperature=1.0, top_k=0, top_p=0.9), logits) == {0, 1, 3}
    assert drawn(Sampling(temperature=1.0, top_k=0), logits) == {0, 1, 2, 3}
    assert drawn(Sampling(temperature=1.0, top_k=0, top_p=1e-9), logits) == {1}


def test_min_p_draws_among_the_tokens_at_least_that_many_times_as_probable_as_the_likeliest() -> None:
    logits = torch.tensor([0.15, 0.5, 0.05, 0.3]).log()
    assert drawn(Sampling(temperature=1.0, top_k=0, min_p=0.25), logits) == {0, 1, 3}
    assert drawn(Sampling(temperature=1.0, top_k=0, min_p=0.55), logits) == {1, 3}
    assert drawn(Sampling(temperature=1.0, top_k=0, min_p=1.0), logits) == {1}


@pytest.mark.parametrize(
    "settings",
    [
        {"repetition_penalty": 1.7},
        {"min_p": 0.02},
        {"temperature": 1.6, "top_k": 20, "top_p": 0.9},
        {"temperature": 0.6, "top_k": 100, "top_p": 0.97, "min_p": 0.05, "repetition_penalty": 1.3},
        {"temperature": 2.0, "top_k": 200, "top_p": 0.8, "min_p": 0.3, "repetition_penalty": 0.5},
    ],
)
def test_tokens_are_drawn_as_often_as_by_transformers(settings: dict[str, Any]) -> None:
    """All filters in the order of transformers, on random logits."""
    config = {"temperature": 1.0, "top_k": 0, **settings}
    theirs = warpers(**config)
    random = torch.Generator().manual_seed(0)
    for _ in range(20):
        logits = 3 * torch.randn(300, generator=random)
        text = torch.randint(0, 300, (40,), generator=random)
        expected = theirs(text[None], logits[None]).softmax(-1)[0]
        found = Sampling(**config).probabilities(logits, text.tolist())
        torch.testing.assert_close(found / found.sum(), expected, atol=1e-6, rtol=1e-4)


def warpers(**settings: Any) -> Any:
    """The processors of logits of transformers, in the order in which its `generate` applies them."""
    model = LlamaForCausalLM(
        LlamaConfig(vocab_size=8, hidden_size=8, intermediate_size=8, num_hidden_layers=1, num_attention_heads=1)
    )
    return model._get_logits_processor(GenerationConfig(do_sample=True, **settings), input_ids_seq_length=1)


def test_the_likeliest_token_is_that_after_the_penalty() -> None:
    logits, generator = torch.tensor([2.0, 3.0, -1.0]), torch.Generator()
    assert Sampling(temperature=0).draw(logits, [1], generator) == 1
    assert Sampling(temperature=0, repetition_penalty=2.0).draw(logits, [1], generator) == 0
    assert Sampling(temperature=0, repetition_penalty=2.0).draw(-logits, [2], generator) == 2


@pytest.mark.parametrize(
    "setting",
    [
        {"temperature": -0.1},
        {"temperature": float("nan")},
        {"top_k": -1},
        {"top_p": 0.0},
        {"top_p": 1.5},
        {"min_p": -0.1},
        {"min_p": 1.1},
        {"repetition_penalty": 0.0},
        {"repetition_penalty": float("inf")},
        {"beams": 0},
    ],
)
def test_a_setting_out_of_range_is_named(setting: dict[str, Any]) -> None:
    [(name, value)] = setting.items()
    with pytest.raises(ValueError, match=f"{name} is {value}"):
        Sampling(**setting)


def test_what_only_a_draw_needs_is_refused_beside_beams() -> None:
    assert Sampling(beams=4, temperature=0, repetition_penalty=1.2).beams == 4
    with pytest.raises(ValueError, match=r"draws nothing: leave out temperature 1\.5, top_p 0\.9, or beams"):
        Sampling(beams=4, temperature=1.5, top_p=0.9)


def test_the_likeliest_token_is_drawn_by_a_top_p_that_float32_cannot_hold() -> None:
    logits = torch.tensor([1.0, 3.0, 2.0])
    assert Sampling(temperature=1.0, top_k=0, top_p=5e-324).draw(logits, [], torch.Generator().manual_seed(0)) == 1
