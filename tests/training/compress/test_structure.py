"""Fewer layers, heads and weights: what is left is an ordinary model, and zeros stay zero in training."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
import transformers
from safetensors.torch import load_file, save_file
from small_corpus import Data, metrics
from start_models import write_start

from training.checkpoints.export import load_causal, read_config
from training.compress.further import Shards
from training.compress.plan import Further, ShrinkPlan, Teaching
from training.compress.shrinking import shrink
from training.compress.structure import choose_layers, keep_heads

TOKENS = torch.arange(24).view(1, -1)


def logits(folder: Path) -> torch.Tensor:
    with torch.no_grad():
        return load_causal(folder).eval().logits(TOKENS)


def silence(folder: Path, out: Path, parts: dict[str, slice]) -> None:
    """A copy in which columns of these weights are zero, so that what is before them does nothing."""
    out.mkdir()
    for path in folder.iterdir():
        (out / path.name).write_bytes(path.read_bytes())
    (out / "manifest.json").unlink(missing_ok=True)
    weights = load_file(folder / "model.safetensors")
    for name, columns in parts.items():
        weights[name][:, columns] = 0
    save_file(weights, out / "model.safetensors", {"format": "pt"})


def test_layers_that_do_nothing_are_those_that_go(trained: Path, data: Data, tmp_path: Path) -> None:
    parts = ("self_attn.o_proj.weight", "mlp.down_proj.weight")
    silent = {f"model.layers.{number}.{part}": slice(None) for number in (0, 2) for part in parts}
    silence(trained, tmp_path / "silent", silent)
    made = shrink(
        str(tmp_path / "silent"), tmp_path / "out", ShrinkPlan(layers=2), shards=Shards(train=str(data.shards))
    )
    assert made.about["layers"] == [1, 3]
    torch.testing.assert_close(logits(tmp_path / "out"), logits(tmp_path / "silent"))
    theirs = transformers.AutoModelForCausalLM.from_pretrained(tmp_path / "out").eval()
    torch.testing.assert_close(theirs(TOKENS).logits, logits(tmp_path / "out"), atol=1e-4, rtol=1e-4)


def test_heads_that_do_nothing_are_those_that_go(trained: Path, tmp_path: Path) -> None:
    heads = {f"model.layers.{number}.self_attn.o_proj.weight": slice(8 * number, 8 * number + 8) for number in range(4)}
    silence(trained, tmp_path / "silent", heads)
    shrink(str(tmp_path / "silent"), tmp_path / "out", ShrinkPlan(heads=3))
    torch.testing.assert_close(logits(tmp_path / "out"), logits(tmp_path / "silent"))
    theirs = transformers.AutoModelForCausalLM.from_pretrained(tmp_path / "out").eval()
    torch.testing.assert_close(theirs(TOKENS).logits, logits(tmp_path / "out"), atol=1e-4, rtol=1e-4)


def test_of_heads_that_share_keys_as_many_of_each_group_stay(data: Data) -> None:
    config = data.model(num_key_value_heads=2, num_attention_heads=4)
    smaller, weights = keep_heads(config, config.build().state_dict(), 2)
    smaller.build().load_state_dict(weights)
    assert smaller.asdict()["num_key_value_heads"] == 2
    with pytest.raises(ValueError, match=r"--heads 3: the model has 4, of which 2 share keys .* give one of 2, 4"):
        keep_heads(config, config.build().state_dict(), 3)


def test_without_text_layers_are_evenly_spaced(trained: Path) -> None:
    assert choose_layers(load_causal(trained), 2, None) == [0, 3]
    with pytest.raises(ValueError, match="--layers 5: the model has 4; give fewer"):
        choose_layers(load_causal(trained), 5, None)


def test_heads_of_gpt2_are_refused_and_its_layers_are_not(tmp_path: Path) -> None:
    (tmp_path / "gpt2").mkdir()
    folder = write_start("gpt2", tmp_path / "gpt2")
    with pytest.raises(ValueError, match="heads of a model of the family gpt2 cannot be left out: they make up its wi"):
        shrink(str(folder), tmp_path / "out", ShrinkPlan(heads=2))
    shrink(str(folder), tmp_path / "out", ShrinkPlan(layers=1))
    assert read_config(tmp_path / "out").num_hidden_layers == 1


def test_zeros_stay_zero_while_the_rest_learns(trained: Path, data: Data, tmp_path: Path) -> None:
    shards = Shards(train=str(data.shards), heldout=str(data.heldout))
    shrink(str(trained), tmp_path / "pruned", ShrinkPlan(prune=0.5))
    further = Further(tokens=20 * 4 * 32, learning_rate=3e-3)
    shrink(str(trained), tmp_path / "trained", ShrinkPlan(prune=0.5), shards=shards, further=further)
    one, two = (load_file(tmp_path / name / "model.safetensors") for name in ("pruned", "trained"))
    for name, value in one.items():
        if "proj" in name:
            assert torch.equal(value == 0, two[name] == 0)
            assert float((value == 0).float().mean()) == pytest.approx(0.5, abs=0.01)
            assert not torch.equal(value, two[name])
    assert not (tmp_path / "trained.training").exists()


def test_a_pruned_model_learns_from_the_one_it_was(trained: Path, data: Data, tmp_path: Path) -> None:
    """Its held-out losses fall, are those of the text, and stand in its folder."""
    shards = Shards(train=str(data.shards), heldout=str(data.heldout))
    further = Further(tokens=60 * 4 * 32, learning_rate=3e-3, teacher=str(trained), teaching=Teaching(hard_weight=0.2))
    plan = ShrinkPlan(layers=2, heads=2)
    made = shrink(str(trained), tmp_path / "out", plan, shards=shards, further=further)
    losses = [line["heldout_loss"] for line in metrics(tmp_path / "out") if "heldout_loss" in line]
    assert losses[-1] < losses[0]
    about = json.loads((tmp_path / "out" / "shrunk.json").read_bytes())
    assert about["further"]["teaching"] == {"temperature": 2.0, "hard_weight": 0.2}
    assert about["further"]["teacher"] and about["plan"]["heads"] == 2
    assert made.parameters[1] < made.parameters[0]
    theirs = transformers.AutoModelForCausalLM.from_pretrained(tmp_path / "out").eval()
    torch.testing.assert_close(theirs(TOKENS).logits, logits(tmp_path / "out"), atol=1e-4, rtol=1e-4)
