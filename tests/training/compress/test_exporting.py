"""Files for other runtimes: each is run by other code than ours, and none that is wrong is ever there."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import torch
import transformers
from gguf import GGUFReader, TokenType
from small_corpus import EOS
from start_models import write_start

from corpus.tokenizer import splits
from training.checkpoints.export import load_causal
from training.compress import gguf_file, onnx_graph
from training.compress.exporting import export
from training.compress.onnx_graph import run_onnx
from training.compress.plan import ShrinkPlan
from training.compress.shrinking import shrink

# What transformers does not read of a GGUF file, and takes from its defaults.
UNREAD = {"qwen3": {"head_dim": 8}, "gpt2": {"n_inner": 64, "n_positions": 64}}
TOKENS = torch.randint(0, 512, (2, 40), generator=torch.Generator().manual_seed(1))


@pytest.fixture(scope="module", params=["qwen3", "gpt2"])
def model(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_start(request.param, tmp_path_factory.mktemp(request.param))


def logits(folder: Path) -> torch.Tensor:
    with torch.no_grad():
        return load_causal(folder).eval().logits(TOKENS)


@pytest.mark.parametrize(("kind", "apart"), [("f32", 1e-5), ("f16", 5e-3), ("q8_0", 5e-2)])
def test_transformers_computes_the_same_of_a_gguf_file(kind: str, apart: float, model: Path, tmp_path: Path) -> None:
    made = export(str(model), tmp_path / "model.gguf", "gguf", kind)
    theirs = transformers.AutoModelForCausalLM.from_pretrained(
        tmp_path, gguf_file="model.gguf", dtype=torch.float32, **UNREAD[load_causal(model).config.model_type]
    ).eval()
    right = logits(model)
    with torch.no_grad():
        assert float((theirs(TOKENS).logits - right).abs().max() / right.abs().max()) <= apart
    assert made.difference <= apart and made.bytes == (tmp_path / "model.gguf").stat().st_size


def test_a_gguf_file_has_the_tokenizer(model: Path, tmp_path: Path) -> None:
    export(str(model), tmp_path / "model.gguf", "gguf")
    fields = GGUFReader(tmp_path / "model.gguf").fields
    tokens = fields["tokenizer.ggml.tokens"].contents()
    assert len(tokens) == 512 and tokens[fields["tokenizer.ggml.eos_token_id"].contents()] == EOS
    assert fields["tokenizer.ggml.pre"].contents() == "gpt-2"
    assert len(fields["tokenizer.ggml.merges"].contents()) == 512 - 256 - 1


@pytest.mark.parametrize(
    ("cutting", "named", "warned"),
    [
        (gguf_file.QWEN, "qwen2", False),
        (splits.OWN, "llama-bpe", True),
        (r"\w+", "gpt-2", True),
        (None, "gpt-2", False),
    ],
)
def test_what_cuts_words_is_named_or_warned_of(
    model: Path, tmp_path: Path, cutting: str | None, named: str, warned: bool
) -> None:
    folder = shutil.copytree(model, tmp_path / "folder")
    tokenizer = json.loads((folder / "tokenizer.json").read_text())
    bytewise = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": cutting is None}
    split = {"type": "Split", "pattern": {"Regex": cutting}, "behavior": "Isolated", "invert": False}
    parts = [bytewise] if cutting is None else [split, bytewise]
    tokenizer["pre_tokenizer"] = {"type": "Sequence", "pretokenizers": parts}
    [first, *_] = tokenizer["added_tokens"]
    tokenizer["added_tokens"].append({**first, "id": 511, "content": "<think>", "special": False})
    (folder / "tokenizer.json").write_text(json.dumps(tokenizer))
    made = export(str(folder), tmp_path / "model.gguf", "gguf")
    fields = GGUFReader(tmp_path / "model.gguf").fields
    assert fields["tokenizer.ggml.pre"].contents() == named and bool(made.notes) == warned
    kinds = fields["tokenizer.ggml.token_type"].contents()
    assert (kinds[0], kinds[511]) == (TokenType.CONTROL, TokenType.USER_DEFINED)


@pytest.mark.filterwarnings("ignore")
def test_onnx_runtime_computes_the_same(model: Path, tmp_path: Path) -> None:
    """For texts of other numbers and lengths than those that it was exported with."""
    made = export(str(model), tmp_path / "model.onnx", "onnx")
    assert made.difference <= onnx_graph.TOLERANCE
    right = logits(model)
    for part in (slice(0, 1), slice(0, 17), slice(0, 40)):
        found = torch.from_numpy(run_onnx(tmp_path / "model.onnx", TOKENS[:, part]))
        torch.testing.assert_close(found, right[:, part], rtol=1e-4, atol=1e-4)


def test_a_file_that_differs_is_not_there(model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(gguf_file.TOLERANCE, "q8_0", 1e-9)
    with pytest.raises(ValueError, match="the GGUF file differs from the checkpoint: logits by"):
        export(str(model), tmp_path / "model.gguf", "gguf", "q8_0")
    assert not any(tmp_path.iterdir())


def test_a_quantized_model_is_exported_as_it_computes(tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    folder = write_start("qwen3", tmp_path / "model")
    shrink(str(folder), tmp_path / "int4", ShrinkPlan(bits=4))
    export(str(tmp_path / "int4"), tmp_path / "model.gguf", "gguf")
    theirs = transformers.AutoModelForCausalLM.from_pretrained(
        tmp_path, gguf_file="model.gguf", dtype=torch.float32, head_dim=8
    ).eval()
    torch.testing.assert_close(theirs(TOKENS).logits, logits(tmp_path / "int4"), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("form", ["gguf", "onnx"])
def test_families_that_cannot_be_exported_are_told_which_can(form: str, tmp_path: Path) -> None:
    (tmp_path / "bert").mkdir()
    folder = write_start("bert", tmp_path / "bert")
    with pytest.raises(ValueError, match=f"family bert cannot be exported as {form.upper()}; those of qwen3, gpt2"):
        export(str(folder), tmp_path / "model", form)
    (tmp_path / "there").write_text("mine")
    with pytest.raises(ValueError, match="there is there already; give another --out"):
        export(str(folder), tmp_path / "there", form)
    assert (tmp_path / "there").read_text() == "mine"
