from __future__ import annotations

import pytest
import torch
from small_corpus import Data

from training.inference.decoding import GREEDY, Sampling, decode
from training.models.qwen3.transformer import Transformer


@pytest.fixture(scope="module")
def model(data: Data) -> Transformer:
    return Transformer(data.model(), seed=4).eval()


def continuation(
    model: Transformer, prompt: list[int], *, seed: int = 0, max_tokens: int = 20, temperature: float = 1.0
) -> list[int]:
    sampling = Sampling(temperature=temperature, seed=seed)
    return decode(model, [prompt], max_tokens=max_tokens, sampling=sampling)[0]


def test_a_seed_fixes_the_text(model: Transformer) -> None:
    assert continuation(model, [0, 5, 6]) == continuation(model, [0, 5, 6])
    assert continuation(model, [0, 5, 6]) != continuation(model, [0, 5, 6], seed=1)


def test_the_likeliest_tokens_are_those_of_reading_everything_again(model: Transformer) -> None:
    text = [0, 5, 6]
    for _ in range(20):
        text.append(int(model.logits(torch.tensor([text]))[0, -1].argmax()))
    assert continuation(model, [0, 5, 6], temperature=0) == text[3:]


def test_text_may_outgrow_the_context_and_so_may_the_prompt(model: Transformer) -> None:
    assert len(continuation(model, [0, 5, 6], max_tokens=90)) > 32
    assert len(continuation(model, list(range(1, 100)), max_tokens=5)) == 5


@pytest.mark.parametrize("temperature", [0.0, 1.0])
def test_a_prompt_is_continued_beside_others_as_alone(model: Transformer, temperature: float) -> None:
    prompts = [[0, 5, 6], [0, 7, 8, 9, 10, 11, 12], [0], list(range(1, 60)), list(range(1, 22))]
    sampling = Sampling(temperature=temperature, seed=3)
    together = decode(model, prompts, max_tokens=12, sampling=sampling)
    assert together == [decode(model, [prompt], max_tokens=12, sampling=sampling)[0] for prompt in prompts]


def test_stop_ends_one_text_and_not_the_others(model: Transformer) -> None:
    prompts = [[0, 5, 6], [0, 9]]
    [whole, other] = decode(model, prompts, max_tokens=12, sampling=GREEDY)
    stopped = decode(model, prompts, max_tokens=12, sampling=GREEDY, stop=lambda ids: ids == whole[:4])
    assert stopped == [whole[:4], other]


def test_an_empty_prompt_is_refused(model: Transformer) -> None:
    with pytest.raises(ValueError, match="empty"):
        continuation(model, [])


def drawn(sampling: Sampling, logits: torch.Tensor) -> set[int]:
    generator = torch.Generator().manual_seed(0)
    return {sampling.draw(logits, generator) for _ in range(200)}


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


@pytest.mark.parametrize(
    "setting", [{"temperature": -0.1}, {"temperature": float("nan")}, {"top_k": -1}, {"top_p": 0.0}, {"top_p": 1.5}]
)
def test_a_setting_out_of_range_is_named(setting: dict[str, float]) -> None:
    [(name, value)] = setting.items()
    with pytest.raises(ValueError, match=f"{name} is {value}"):
        Sampling(**setting)  # type: ignore[arg-type]
