from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from small_corpus import Data, run

from training.checkpoints.export import load_tokenizer
from training.checkpoints.outdir import Outdir
from training.inference.generate import generate, generate_all, pick, sample
from training.models.transformer import Transformer


@pytest.fixture
def model(data: Data) -> Transformer:
    return Transformer(data.model(), seed=4)


def go(model: Transformer, prompt: list[int], seed: int = 0, tokens: int = 20, temperature: float = 1.0) -> list[int]:
    return generate(model, prompt, tokens=tokens, temperature=temperature, top_k=50, seed=seed)


def test_a_seed_fixes_the_text(model: Transformer) -> None:
    assert go(model, [0, 5, 6]) == go(model, [0, 5, 6])
    assert go(model, [0, 5, 6]) != go(model, [0, 5, 6], seed=1)


def test_the_likeliest_tokens_are_those_of_reading_everything_again(model: Transformer) -> None:
    text = [0, 5, 6]
    for _ in range(20):
        text.append(int(model.logits(torch.tensor([text]))[0, -1].argmax()))
    assert go(model, [0, 5, 6], temperature=0) == text[3:]


def test_text_may_outgrow_the_context_and_so_may_the_prompt(model: Transformer) -> None:
    assert len(go(model, [0, 5, 6], tokens=90)) > 32
    assert len(go(model, list(range(1, 100)), tokens=5)) == 5


def test_side_by_side_each_prompt_goes_on_as_alone(model: Transformer) -> None:
    prompts = [[0, 5, 6], [0, 7, 8, 9, 10, 11, 12], [0], list(range(1, 60)), list(range(1, 22))]
    for temperature in (0.0, 1.0):
        asked: dict[str, Any] = {"tokens": 12, "temperature": temperature, "top_k": 50, "seed": 3}
        assert generate_all(model, prompts, **asked) == [generate(model, prompt, **asked) for prompt in prompts]


def test_a_text_ends_where_its_reader_has_enough(model: Transformer) -> None:
    asked: dict[str, Any] = {"tokens": 12, "temperature": 0.0, "top_k": 0, "seed": 3}
    [whole, other] = generate_all(model, [[0, 5, 6], [0, 9]], **asked)
    found = generate_all(model, [[0, 5, 6], [0, 9]], **asked, stop=lambda ids: ids == whole[:4])
    assert found == [whole[:4], other]


def test_samples_leave_the_random_state_and_the_mode_as_they_were(model: Transformer, data: Data) -> None:
    state = torch.get_rng_state()
    texts = sample(model.train(), load_tokenizer(data.tokenizer), ["Return", "An"], tokens=8)
    assert [text[:2] for text in texts] == ["Re", "An"] and all(len(text) > 6 for text in texts)
    assert torch.equal(state, torch.get_rng_state()) and model.training


def test_an_empty_prompt_is_refused(model: Transformer) -> None:
    with pytest.raises(ValueError, match="empty"):
        go(model, [])


def test_top_k_draws_among_k() -> None:
    generator = torch.Generator().manual_seed(0)
    logits = torch.arange(10.0)
    assert {pick(logits, 5.0, 2, generator) for _ in range(100)} == {8, 9}
    assert len({pick(logits, 50.0, 0, generator) for _ in range(200)}) > 5


def test_the_command_prints_prompt_and_continuation(data: Data, tmp_path: Path) -> None:
    assert data.trainer(Outdir(tmp_path), tokens=128).run() == 0
    command = [
        sys.executable,
        "-m",
        "training.inference.generate",
        "--checkpoint",
        str(tmp_path),
        "--prompt",
        "Return the",
    ]
    one, two = run([*command, "--tokens", "9"]), run([*command, "--tokens", "9"])
    assert one.returncode == 0 and one.stdout.startswith("Return the") and one.stdout == two.stdout
    missing = run([*command[:4], str(tmp_path / "none"), *command[5:]])
    assert missing.returncode == 1 and "holds no checkpoint" in missing.stderr
