"""Weights in 8 and 4 bits: how far predictions move, what transformers makes of the folder, what is refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
import transformers
from compressed_tensors.compressors.pack_quantized.helpers import pack_to_int32
from safetensors.torch import load_file
from small_corpus import CONTEXT, Data
from start_models import write_start
from torch import Tensor

from training.checkpoints.checkpoint import DamagedError
from training.checkpoints.export import load_causal, read_floats
from training.compress.calibration import Inputs, round_calibrated
from training.compress.further import Shards
from training.compress.plan import ShrinkPlan
from training.compress.rounding import round_to_nearest
from training.compress.shrinking import read_tokens, shrink
from training.inference.loading import load_any
from training.models.quantized import QuantizedMatrix, Scheme, pack, unpack


def tokens_of(data: Data, trained: Path) -> Tensor:
    found = read_tokens(Shards(train=str(data.heldout)), load_causal(trained).config, 512)
    assert found is not None
    return found


@torch.no_grad()
def loss(folder: Path, tokens: Tensor) -> float:
    model = load_causal(folder).eval()
    return float(model(tokens[:, :-1], tokens[:, 1:])) / tokens[:, 1:].numel()


def error(weight: Tensor, made: tuple[Tensor, Tensor], scheme: Scheme, inputs: Tensor) -> float:
    rounded = QuantizedMatrix(*made, scheme, table=False).weight
    return float(((rounded - weight) @ inputs.t()).square().mean())


@pytest.mark.parametrize(("plan", "bits", "lost"), [({"bits": 8}, 8, 2e-3), ({"bits": 4}, 4, 3e-2)])
def test_a_loss_stays_and_the_file_shrinks(
    plan: dict[str, int], bits: int, lost: float, trained: Path, data: Data, tmp_path: Path
) -> None:
    shrunk = shrink(str(trained), tmp_path / "out", ShrinkPlan(**plan), shards=Shards(train=str(data.shards)))
    tokens = tokens_of(data, trained)
    assert loss(tmp_path / "out", tokens) == pytest.approx(loss(trained, tokens), rel=lost)
    packed = {
        name: value for name, value in load_file(tmp_path / "out" / "model.safetensors").items() if "_pac" in name
    }
    assert sum(value.numel() * 32 for value in packed.values()) == bits * (shrunk.parameters[1] - 32 * 9 - 8 * 8)
    assert shrunk.about["rounded"] == ("calibrated" if bits == 4 else "to nearest")
    assert load_any(tmp_path / "out", torch.device("cpu")).model.context == CONTEXT


def test_integers_are_multiplied_with_integers(trained: Path, data: Data, tmp_path: Path) -> None:
    """Also one token at a time, and the same whatever else is in the batch."""
    shrink(str(trained), tmp_path / "out", ShrinkPlan(bits=8, dynamic=True))
    tokens = tokens_of(data, trained)
    assert loss(tmp_path / "out", tokens) == pytest.approx(loss(trained, tokens), rel=1e-2)
    model = load_causal(tmp_path / "out").eval()
    with torch.no_grad():
        whole = model.logits(tokens)
        torch.testing.assert_close(model.logits(tokens[:1]), whole[:1], rtol=0, atol=1e-5)
        cache = model.new_cache(1, CONTEXT)
        one_by_one = torch.cat([model.logits(tokens[:1, n : n + 1], cache) for n in range(8)], dim=1)
    torch.testing.assert_close(one_by_one, whole[:1, :8], rtol=0, atol=1e-4)


@pytest.mark.parametrize("plan", [{"bits": 8}, {"bits": 4}])
@pytest.mark.filterwarnings("ignore")
def test_transformers_computes_the_same(plan: dict[str, int], trained: Path, data: Data, tmp_path: Path) -> None:
    shrink(str(trained), tmp_path / "out", ShrinkPlan(**plan), shards=Shards(train=str(data.shards)))
    theirs = transformers.AutoModelForCausalLM.from_pretrained(tmp_path / "out", dtype=torch.float32).eval()
    tokens = tokens_of(data, trained)
    with torch.no_grad():
        torch.testing.assert_close(
            load_causal(tmp_path / "out").eval().logits(tokens), theirs(tokens).logits, atol=1e-4, rtol=1e-4
        )


@pytest.mark.parametrize("bits", [4, 8])
def test_packing_is_that_of_the_library(bits: int) -> None:
    half = 1 << bits - 1
    integers = torch.randint(-half, half, (5, 64), dtype=torch.int8)
    assert torch.equal(pack(integers, bits), pack_to_int32(integers, bits))
    assert torch.equal(unpack(pack(integers, bits), bits, 64), integers)


def test_calibration_errs_less_on_what_is_read() -> None:
    """Inputs whose columns go together, as real ones do."""
    torch.manual_seed(0)
    weight, scheme = torch.randn(16, 64), Scheme(bits=4, group=32)
    inputs = torch.randn(512, 8) @ torch.randn(8, 64) + 0.1 * torch.randn(512, 64)
    read = Inputs(64)
    read.add(inputs)
    nearest = error(weight, round_to_nearest(weight, scheme), scheme, inputs)
    assert error(weight, round_calibrated(weight, read, scheme), scheme, inputs) < 0.5 * nearest


def test_each_weight_is_rounded_to_the_nearest_of_8_bits() -> None:
    weight, scheme = torch.randn(16, 64), Scheme(bits=8)
    made = round_to_nearest(weight, scheme)
    apart = (QuantizedMatrix(*made, scheme, table=False).weight - weight).abs()
    assert (apart <= made[1] / 2 + 1e-7).all()


def test_a_quantized_model_is_a_start_in_floating_point(trained: Path, data: Data, tmp_path: Path) -> None:
    shrink(str(trained), tmp_path / "out", ShrinkPlan(bits=8))
    before, after = load_file(trained / "model.safetensors"), read_floats(tmp_path / "out")
    assert before.keys() == after.keys()
    for name, value in before.items():
        torch.testing.assert_close(after[name], value, atol=0.01, rtol=0)


def test_a_damaged_one_is_refused(trained: Path, tmp_path: Path) -> None:
    shrink(str(trained), tmp_path / "out", ShrinkPlan(bits=8))
    path = tmp_path / "out" / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-1] + b"\x01")
    with pytest.raises(DamagedError, match=r"model.safetensors has sha256"):
        load_any(tmp_path / "out", torch.device("cpu"))


def test_what_cannot_be_is_refused_and_leaves_nothing(trained: Path, data: Data, tmp_path: Path) -> None:
    out = tmp_path / "out"
    (tmp_path / "gpt2").mkdir()
    other = write_start("gpt2", tmp_path / "gpt2")
    with pytest.raises(ValueError, match="of the family gpt2 cannot be quantized; those of qwen3 can"):
        shrink(str(other), out, ShrinkPlan(bits=8))
    with pytest.raises(
        ValueError, match=r"q_proj has 32 columns, which groups of 24 do not divide; give another --gro"
    ):
        shrink(str(trained), out, ShrinkPlan(bits=4, group=24))
    with pytest.raises(ValueError, match="nothing to do: give --int8"):
        shrink(str(trained), out, ShrinkPlan())
    assert [path.name for path in tmp_path.iterdir()] == ["gpt2"]
    shrink(str(trained), out, ShrinkPlan(bits=8))
    with pytest.raises(ValueError, match="is quantized already; shrink the checkpoint that it was made of"):
        shrink(str(out), tmp_path / "again", ShrinkPlan(bits=4))
    with pytest.raises(ValueError, match="is there already; give another --out"):
        shrink(str(trained), out, ShrinkPlan(bits=4))
    config = json.loads((out / "config.json").read_bytes())
    config["quantization_config"]["quant_method"] = "gptq"
    (out / "config.json").write_text(json.dumps(config))
    with pytest.raises(ValueError, match="quant_method 'gptq' is not read here; compressed-tensors is"):
        load_causal(out)


@pytest.mark.parametrize(
    ("plan", "message"),
    [
        ({"bits": 4, "dynamic": True}, "give --int8 as well"),
        ({"prune": 1.0}, "prune is 1.0; it must be a share"),
        ({"bits": 4, "group": 12}, "group is 12; it must be a multiple of 8"),
        ({"calibration_tokens": -1}, "calibration_tokens is -1"),
    ],
)
def test_plans_that_cannot_be(plan: dict[str, int], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ShrinkPlan(**plan)  # type: ignore[arg-type]
