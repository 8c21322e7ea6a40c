from __future__ import annotations

import os
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from small_corpus import ROOT, Data, run

from training.config import TrainConfig
from training.models.qwen3.config import Qwen3Config
from training.models.qwen3.transformer import Transformer
from training.presets import make_plan
from training.run.budget import available_memory, estimate_budget

# Two steps of a run in a process of its own: what the kernel saw it hold at most, beyond what was there before.
STEPS = """
import sys, torch
from dataclasses import replace
from tests.training.run.test_budget import shape
from training.run.budget import estimate_budget
from training.models.qwen3.transformer import Transformer

def held(name):
    [line] = [line for line in open("/proc/self/status") if line.startswith(name)]
    return int(line.split()[1]) * 1024

def run(model, batch):
    model = Transformer(model)
    optimizer = torch.optim.AdamW(model.parameters(), fused=True)
    tokens = torch.randint(0, model.config.vocab_size, (batch, model.config.max_position_embeddings))
    for _ in range(2):
        with torch.autocast("cpu", torch.bfloat16, enabled=sys.argv[1] == "bfloat16"):
            loss = model(tokens, tokens)
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()

torch.set_num_threads(1)
model, train = shape(width=256, layers=4, batch=int(sys.argv[2]))
run(replace(model, hidden_size=64, num_hidden_layers=1, vocab_size=64, max_position_embeddings=16), 1)
before = held("VmRSS")
run(model, train.micro_batch)
print(held("VmHWM") - before)
"""


def shape(width: int, layers: int, batch: int) -> tuple[Qwen3Config, TrainConfig]:
    model, train = make_plan("tiny", 4096, 0)
    heads = width // 64
    model = replace(
        model,
        hidden_size=width,
        intermediate_size=3 * width,
        num_hidden_layers=layers,
        num_attention_heads=heads,
        num_key_value_heads=heads,
    )
    return model, replace(train, micro_batch=batch, global_batch=batch)


@pytest.mark.skipif(sys.platform != "linux", reason="reads the peak of a process from /proc")
@pytest.mark.parametrize(("dtype", "batch"), [("float32", 16), ("bfloat16", 16), ("float32", 4)])
def test_the_estimate_is_within_a_quarter_of_what_a_process_holds(dtype: str, batch: int) -> None:
    command = [sys.executable, "-c", STEPS, dtype, str(batch)]
    path = os.pathsep.join(map(str, (ROOT, ROOT / "tests" / "helpers")))
    done = run(command, PYTHONPATH=path)
    found = estimate_budget(*shape(256, 4, batch), ranks=1, sharded=False, dtype=getattr(torch, dtype))
    assert found.peak == pytest.approx(int(done.stdout), rel=0.25)


def test_counts_are_the_models(data: Data) -> None:
    for tied in (True, False):
        config = data.model(tie_word_embeddings=tied)
        model, found = Transformer(config), estimate_budget(config, data.plan(), ranks=1, sharded=False)
        assert found.parameters == model.parameter_count and found.flops_per_token == config.flops_per_token


def test_lines_are_numbered_and_name_every_sum(data: Data) -> None:
    lines = estimate_budget(data.model(), data.plan(), ranks=2, sharded=False).lines()
    assert [line.split(".")[0] for line in lines] == ["1", "2", "3", "4", "5"]
    assert "on each of 2 ranks" in lines[2]


def test_shards_and_muon_hold_less() -> None:
    model, train = make_plan("base", 50257, 50256)
    cuda = {"dtype": torch.bfloat16, "device": "cuda"}
    whole = estimate_budget(model, train, ranks=8, sharded=False, **cuda)
    sharded = estimate_budget(model, train, ranks=8, sharded=True, **cuda)
    assert sharded.moments == pytest.approx(whole.moments / 8, rel=0.01) and sharded.peak < whole.peak
    assert estimate_budget(model, train, ranks=8, sharded=False, optimizer="muon", **cuda).moments < 0.6 * whole.moments


def test_a_refusal_names_need_and_remedy() -> None:
    model, train = make_plan("base", 50257, 50256)
    found = estimate_budget(model, train, ranks=1, sharded=False, dtype=torch.bfloat16, device="cuda")
    found.check(found.peak)
    with pytest.raises(ValueError, match=r"a rank needs .* GiB and has .* GiB: .* lower --micro-batch or --context"):
        found.check(found.peak - 1)
    with pytest.raises(ValueError, match="shard it over several ranks"):
        found.check(8 << 30)
    with pytest.raises(ValueError, match=r"take a smaller model$"):
        estimate_budget(model, train, ranks=2, sharded=True).check(1 << 30)


@pytest.mark.parametrize(
    ("limit", "used", "inactive"),
    [
        ("memory.max", "memory.current", "inactive_file"),
        ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),
    ],
)
def test_files_that_were_read_are_no_memory_that_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: str, used: str, inactive: str
) -> None:
    for name, text in ((limit, "1000000"), (used, "900000"), ("memory.stat", f"anon 200000\n{inactive} 700000")):
        (tmp_path / name).write_text(text + "\n")
    monkeypatch.setattr("training.run.budget.MEMORY_LIMITS", (tmp_path / limit,))
    assert available_memory(torch.device("cpu")) == 800_000


def test_this_machine_has_memory_left() -> None:
    assert 0 < available_memory(torch.device("cpu")) < 1 << 50
