from __future__ import annotations

import pytest
import torch
from small_corpus import Data

from training.inference.decoding import decode
from training.inference.sampling import GREEDY, Sampling
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


def test_the_repetition_penalty_counts_the_prompt_and_what_was_drawn(model: Transformer) -> None:
    prompt = [0, 5, 6]
    sampling = Sampling(temperature=0, repetition_penalty=1e9)
    [text] = decode(model, [prompt], max_tokens=12, sampling=sampling)
    assert len({*prompt, *text}) == len(prompt) + len(text)
    assert text != continuation(model, prompt, max_tokens=12, temperature=0)
