"""`headwater fill-mask`: the tokens at hidden places, by checkpoints of masked models and by Hugging Face folders."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import transformers
from random_checkpoints import foreign_checkpoint
from small_corpus import CONTEXT, EOS, VOCABULARY, Data, newest

import headwater
from headwater.cli import main
from training.models.families import FAMILIES
from training.run.outdir import Outdir
from training.shape import Size

SIZE = Size(layers=2, width=32, heads=4, kv_heads=4, head_width=8, feed_forward=64, context=CONTEXT)
TEXT = "Return the <mask> of the<mask>."


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Data:
    return Data(tmp_path_factory.mktemp("data"))


def run_of(family: str, data: Data, out: Path) -> Path:
    model, objective = FAMILIES[family].of_size(SIZE, VOCABULARY + 1, data.eos), FAMILIES[family].OBJECTIVES[0]
    assert data.trainer(Outdir(out), model=model, objective=objective, learning_rate=1e-2).run() == 0
    return out


def piped(folder: Path, text: str, top: int) -> list[list[dict[str, Any]]]:
    """What the pipeline of transformers finds."""
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    model = transformers.AutoModelForMaskedLM.from_pretrained(folder)
    found: Any = transformers.pipeline("fill-mask", model=model, tokenizer=tokenizer)(text, top_k=top)
    return found if isinstance(found[0], list) else [found]


@pytest.mark.parametrize("family", ["bert", "roberta", "albert"])
def test_a_checkpoint_fills_masks_as_in_transformers(
    family: str, data: Data, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = run_of(family, data, tmp_path)
    capsys.readouterr()
    assert main(["fill-mask", TEXT, "--checkpoint", str(out), "--top", "4", "--json"]) == 0
    found = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["mask"] for line in found] == [1, 2]
    # The opening of a document, and a mask for each token with the space before its word.
    theirs = piped(newest(out), f"{EOS}Return the<|mask|> of the<|mask|>.", 4)
    for line, expected in zip(found, theirs, strict=True):
        assert [one["token"] for one in line["candidates"]] == [one["token_str"] for one in expected]
        probabilities = [one["probability"] for one in line["candidates"]]
        assert probabilities == pytest.approx([one["score"] for one in expected], rel=1e-3)
        assert probabilities == sorted(probabilities, reverse=True)
    assert main(["fill-mask", TEXT, "--checkpoint", str(out)]) == 0
    first, *lines = capsys.readouterr().out.splitlines()
    best = found[0]["candidates"][0]
    assert first == "mask 1" and len(lines) == 11
    assert lines[0] == f"  {best['probability']:.4f}  {json.dumps(best['token'])}"


def test_a_hugging_face_folder(tmp_path: Path) -> None:
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", ".", "the", "capital", "of", "france", "is", "paris", "##s"]
    tokenizer = transformers.BertTokenizer(vocab={word: number for number, word in enumerate(words)})
    tokenizer.save_pretrained(tmp_path)
    config = transformers.BertConfig(
        vocab_size=len(words),
        hidden_size=16,
        intermediate_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        max_position_embeddings=16,
        initializer_range=0.5,
    )
    transformers.BertForMaskedLM(config).save_pretrained(tmp_path)
    [found] = headwater.fill_mask("The capital of France is <mask>.", str(tmp_path), top=3)
    [expected] = piped(tmp_path, "The capital of France is [MASK].", 3)
    assert [(one.token, pytest.approx(one.probability)) for one in found] == [
        (one["token_str"], one["score"]) for one in expected
    ]
    assert len(headwater.fill_mask("<mask>", str(tmp_path), top=99)[0]) == len(words)
    with pytest.raises(ValueError, match="the text has 17 tokens and the model reads 16 at once"):
        headwater.fill_mask("<mask>" + " the" * 14, str(tmp_path))


@pytest.mark.parametrize("family", ["qwen3", "llama"])
def test_a_model_that_fills_no_masks_says_what_does(
    family: str, data: Data, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    if family == "qwen3":
        assert data.trainer(Outdir(tmp_path), tokens=128).run() == 0
    else:
        foreign_checkpoint(data, tmp_path, CONTEXT, family)
    assert main(["fill-mask", TEXT, "--checkpoint", str(tmp_path)]) == 1
    said = capsys.readouterr().err
    assert f"a model of the family {family} fills no masks; give a masked model" in said
    assert "`headwater generate` continues texts" in said


def test_a_masked_model_that_is_to_continue_a_text_says_what_it_does(
    data: Data, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run_of("bert", data, tmp_path)
    assert main(["generate", "--prompt", "The", "--checkpoint", str(tmp_path)]) == 1
    assert "does not continue texts; `headwater fill-mask` fills masks with it" in capsys.readouterr().err


def test_a_text_without_a_mask_is_refused_before_the_model_is_read(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(ValueError, match=r"the text has no <mask>: put one where .* `headwater generate` continues"):
        headwater.fill_mask("The capital of France is", str(tmp_path))
    with pytest.raises(ValueError, match="top is 0"):
        headwater.fill_mask(TEXT, str(tmp_path), top=0)
