from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from small_corpus import Data

from training.checkpoints.export import load_tokenizer
from training.inference import generate
from training.inference.sampling import Sampling
from training.models.qwen3.transformer import Transformer
from training.run.outdir import Outdir


@pytest.fixture
def generator(data: Data) -> generate.TextGenerator:
    model = Transformer(data.model(), seed=4)
    return generate.TextGenerator(model, load_tokenizer(data.tokenizer))


@pytest.mark.parametrize("temperature", [0.0, 1.0, 3.0])
def test_streamed_pieces_add_up_to_the_complete_text(generator: generate.TextGenerator, temperature: float) -> None:
    sampling = Sampling(temperature=temperature, top_k=0, top_p=0.95, seed=2)
    pieces = list(generator.stream("Return the", max_tokens=60, sampling=sampling))
    assert "".join(pieces) == generator.complete("Return the", max_tokens=60, sampling=sampling)
    assert len(pieces) > 5 and all(pieces)


def test_a_streamed_piece_ends_with_a_whole_character(
    generator: generate.TextGenerator, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "für 世界 \N{GRINNING FACE}"
    ids = generator.tokenizer.encode(text).ids
    assert len(ids) > len(text)  # several tokens a character: the corpus is English

    def steps(*_: object, **__: object) -> Iterator[list[int | None]]:
        yield from ([token] for token in ids)
        yield [ids[-4]]  # the first byte of a character that is never completed

    monkeypatch.setattr(generate, "decode_steps", steps)
    pieces = list(generator.stream("any"))
    assert pieces[:-1] and "".join(pieces[:-1]) == text
    assert pieces[-1] == "\N{REPLACEMENT CHARACTER}"
    assert all("\N{REPLACEMENT CHARACTER}" not in piece for piece in pieces[:-1])


def test_generating_leaves_the_random_state_and_the_mode_as_they_were(generator: generate.TextGenerator) -> None:
    state, model = torch.get_rng_state(), generator.model.train()
    texts = generator.complete_all(["Return", "An"], max_tokens=8, sampling=Sampling())
    assert all(texts) and next(generator.stream("Return"))
    assert torch.equal(state, torch.get_rng_state()) and model.training


def test_no_tokens_are_refused(generator: generate.TextGenerator) -> None:
    with pytest.raises(ValueError, match="max_tokens is 0"):
        generator.complete("Return", max_tokens=0)
    with pytest.raises(ValueError, match="max_tokens is 0"):
        next(generator.stream("Return", max_tokens=0))


def test_beams_find_the_same_text_alone_and_in_a_stream(generator: generate.TextGenerator) -> None:
    beams = Sampling(beams=3)
    texts = generator.complete_all(["Return", "An"], max_tokens=8, sampling=beams)
    assert texts == [generator.complete(prompt, max_tokens=8, sampling=beams) for prompt in ("Return", "An")]
    assert "".join(generator.stream("Return", max_tokens=8, sampling=beams)) == texts[0] != ""


@pytest.fixture(scope="module")
def trained(data: Data, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("run")
    assert data.trainer(Outdir(out), tokens=128).run() == 0
    return out


def test_a_run_is_loaded_by_its_newest_checkpoint(trained: Path) -> None:
    [checkpoint] = (trained / "checkpoints").iterdir()
    first, second = generate.load(trained), generate.load(checkpoint)
    assert first.complete("Return", max_tokens=9) == second.complete("Return", max_tokens=9) != ""


def test_a_folder_without_a_checkpoint_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="holds no checkpoint"):
        generate.load(tmp_path)


def test_the_command_prints_prompts_and_continuations(trained: Path, capsys: pytest.CaptureFixture[str]) -> None:
    flags = ["--checkpoint", str(trained), "--prompt", "Return the", "--prompt", "An", "--max-tokens", "9"]
    assert generate.main(flags) == 0
    plain = capsys.readouterr().out
    assert generate.main([*flags, "--json"]) == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [row["prompt"] for row in rows] == ["Return the", "An"]
    assert plain == "".join(f"{row['prompt']}{row['text']}\n" for row in rows)
