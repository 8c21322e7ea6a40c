"""GPU: is it right there, and how near to the hardware's limit? `python -m benchmarks.gpu --out gpu.json`

Needs torch, numpy, pyarrow, safetensors, tokenizers and this repository, no network and no data: shards are made up.

1. The loss on the device beside the CPU's, with and without documents masked from one another.
2. A run that is told to stop half-way and goes on, beside an unbroken one.
3. Tokens a second in bfloat16 at several micro-batches, and their share of the device's peak (MFU), of
     plain      a GPT-2 in nanoGPT's manner and its loop, torch.compile around the whole (benchmarks/train/plain.py)
     pieces     Headwater's loader, compiled layers and loss, the same AdamW
     trainer    Headwater's trainer as a user starts it

`--tiny` does all of it at a tiny size, on the CPU if need be, to check the script and its arithmetic.
"""

from __future__ import annotations

import argparse
import gc
import hashlib
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers

from benchmarks.gpu_checks import RATE, after_step, check_loss, check_resume, plan, train
from benchmarks.train.plain import PlainGPT, Shape, adamw, get_batch
from corpus.shards.format import Document, Index, write_shard
from corpus.shards.reader import ShardSet
from training.data.loader import Loader
from training.models.qwen3.config import Qwen3Config
from training.models.qwen3.transformer import Transformer
from training.run.budget import estimate_budget

PEAK = 989e12  # dense bfloat16 FLOP/s of an H100 or H200 (SXM), NVIDIA's data sheets


@dataclass(frozen=True, kw_only=True)
class Case:
    """A model, both in Headwater's terms and as a plain GPT-2 of as many parameters within 2 %."""

    name: str
    model: Qwen3Config
    plain: Shape
    micro_batches: tuple[int, ...]
    aim: float  # tokens a second on one H100 or H200; 0: none


def case(
    name: str,
    width: int,
    mlp: int,
    layers: int,
    heads: int,
    context: int,
    words: int,
    batches: tuple[int, ...],
    aim: float,
) -> Case:
    model = Qwen3Config(
        vocab_size=words,
        eos_token_id=0,
        hidden_size=width,
        intermediate_size=mlp,
        num_hidden_layers=layers,
        num_attention_heads=heads,
        num_key_value_heads=heads,
        head_dim=width // heads,
        max_position_embeddings=context,
    )
    plain = Shape(vocabulary=words, context=context, layers=layers, heads=heads, width=width)
    return Case(name=name, model=model, plain=plain, micro_batches=batches, aim=aim)


# A vocabulary of GPT-2's size, rounded up to a multiple of 128 as nanoGPT does: matrix units like it.
CASES = (
    case("124M", 768, 2048, 12, 12, 1024, 50304, (16, 32, 64), 520_000),
    case("1.1B", 2048, 5504, 20, 16, 2048, 50304, (4, 8, 16), 63_000),
)
TINY = (case("tiny", 64, 176, 2, 2, 64, 512, (2, 4), 0),)


def make(folder: Path, words: int, tokens: int) -> Path:
    """Made-up shards in folder/shards, the same tokens in folder/train.bin, and a tokenizer.json of so many words."""
    vocabulary = {f"w{number}": number for number in range(words)}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="w1"))
    tokenizer.pre_tokenizer, tokenizer.decoder = pre_tokenizers.WhitespaceSplit(), decoders.WordPiece()
    tokenizer.save(str(folder / "tokenizer.json"))
    digest = hashlib.sha256((folder / "tokenizer.json").read_bytes()).hexdigest()
    random = np.random.RandomState(0)
    # Each token follows from the one before by a rule, one time in four by chance: there is something to learn.
    stream = random.randint(1, words, tokens)
    kept = random.rand(tokens) < 0.75
    for start in range(1, 8):
        stream[start::8] = np.where(
            kept[start::8], stream[start - 1 :: 8][: len(stream[start::8])] * 3 % words, stream[start::8]
        )
    stream[:: 1 << 10] = 0
    stream = stream.astype("<u2")
    parts = np.split(stream, np.arange(1 << 10, tokens, 1 << 10))
    documents = [
        Document(doc_id=hashlib.sha256(str(number).encode()).digest()[:16], tokens=part)
        for number, part in enumerate(parts)
    ]
    (folder / "shards").mkdir()
    shard = write_shard(folder / "shards" / "shard-00000.tar", [("000000", documents)], digest)
    index = Index(dtype="<u2", vocab_size=words, eos=0, tokenizer=digest, shards=(shard,))
    (folder / "shards" / "index.json").write_bytes(index.to_bytes())
    stream.tofile(folder / "train.bin")
    return folder


def precision(device: torch.device) -> torch.autocast:
    return torch.autocast(device.type, torch.bfloat16)


# How fast? ----------------------------------------------------------------------------------------------------------


def time_steps(step: Callable[[int], Any], device: torch.device, warmup: int, steps: int) -> float:
    """Median seconds of a step, over blocks of five that the device has finished."""
    for number in range(warmup):
        step(number)
    laps = []
    for block in range(max(1, steps // 5)):
        _wait(device)
        start = time.perf_counter()
        for number in range(5):
            step(warmup + 5 * block + number)
        _wait(device)
        laps.append((time.perf_counter() - start) / 5)
    return statistics.median(laps)


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def plain(folder: Path, case: Case, batch: int, device: torch.device, warmup: int, steps: int) -> float:
    torch.manual_seed(0)
    model = PlainGPT(case.plain).to(device)
    data = np.memmap(folder / "train.bin", dtype=np.uint16, mode="r")
    optimizer = adamw(model, RATE)
    called = torch.compile(model) if device.type == "cuda" else model

    def step(_: int) -> None:
        tokens, targets = get_batch(data, batch, case.plain.context, device)
        with precision(device):
            loss = called(tokens, targets)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)

    return time_steps(step, device, warmup, steps)


def pieces(folder: Path, case: Case, batch: int, device: torch.device, warmup: int, steps: int) -> float:
    model = Transformer(case.model).to(device)
    if device.type == "cuda":
        model.compile_blocks()
    context = case.model.max_position_embeddings
    loader = Loader(ShardSet(folder / "shards"), context=context, global_batch=batch, seed=0)
    optimizer = adamw(model, RATE)

    def step(number: int) -> None:
        read = loader.batch(number)
        tokens, targets = (torch.from_numpy(x).to(device, non_blocking=True) for x in (read.tokens, read.targets))
        with precision(device):
            loss = model(tokens, targets)
        (loss / (batch * context)).backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)

    return time_steps(step, device, warmup, steps)


def trainer(folder: Path, case: Case, batch: int, device: torch.device, warmup: int, steps: int) -> float:
    times: list[float] = []
    settings = plan(case.model, steps=warmup + steps, batch=batch, dtype="bfloat16")
    with tempfile.TemporaryDirectory() as out, after_step(lambda: times.append(time.perf_counter())):
        code, _ = train(folder, Path(out) / "run", case.model, settings)
    if code:
        raise ValueError(f"the trainer ended with {code}")
    per_step = len(times) // settings.steps  # several optimizers step together
    ends = times[per_step - 1 :: per_step][warmup - 1 :]
    return (ends[-1] - ends[0]) / (len(ends) - 1)


CONTESTANTS = {"plain": plain, "pieces": pieces, "trainer": trainer}


def arithmetic(case: Case, seconds: float, batch: int, flops: int) -> dict[str, float]:
    speed = batch * case.model.max_position_embeddings / seconds
    return {"tokens_per_second": speed, "mfu": speed * flops / PEAK, "step_seconds": seconds}


def measure(folder: Path, case: Case, device: torch.device, warmup: int, steps: int) -> dict[str, Any]:
    settings = plan(case.model, steps=1, batch=1, dtype="bfloat16")
    counted = estimate_budget(case.model, settings, ranks=1, sharded=False, dtype=torch.bfloat16, device=device.type)
    flops = counted.flops_per_token
    # GPT-2: 12 D^2 a layer and two norms, the last norm, tokens and positions.
    width, shape = case.plain.width, case.plain
    theirs = shape.layers * (12 * width**2 + 2 * width) + width * (1 + shape.vocabulary + shape.context)
    parameters = {"ours": counted.parameters, "plain": theirs}
    rows = []
    for batch in case.micro_batches:
        for name, contestant in CONTESTANTS.items():
            row: dict[str, Any] = {"contestant": name, "micro_batch": batch}
            gc.collect()  # a model and what was compiled of it hold one another
            if device.type == "cuda":
                torch.cuda.empty_cache()
                torch.cuda.reset_peak_memory_stats(device)
            torch.compiler.reset()
            try:
                row |= arithmetic(case, contestant(folder, case, batch, device, warmup, steps), batch, flops)
            except torch.cuda.OutOfMemoryError:
                row["without"] = "out of memory"
            except ValueError as error:  # the trainer refuses what its budget does not hold
                row["without"] = str(error)
            if device.type == "cuda":
                row["peak_bytes"] = torch.cuda.max_memory_allocated(device)
            rows.append(row)
            print(json.dumps(row), file=sys.stderr, flush=True)
    return {"case": asdict(case), "parameters": parameters, "flops_per_token": flops, "rows": rows}


def main() -> None:
    flags = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    flags.add_argument("--tiny", action="store_true", help="everything at a tiny size")
    flags.add_argument("--out", type=Path, help="JSON goes here")
    flags.add_argument("--only", help="a case by its name")
    given = flags.parse_args()
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    if device.type == "cpu" and not given.tiny:
        sys.exit("there is no GPU here; --tiny checks the script without one")
    cases = TINY if given.tiny else tuple(c for c in CASES if given.only in (None, c.name))
    warmup, steps = (2, 5) if given.tiny else (10, 30)
    result: dict[str, Any] = {
        "device": torch.cuda.get_device_name(device) if device.type == "cuda" else "cpu",
        "torch": torch.__version__,
        "peak_flops": PEAK,
        "tiny": given.tiny,
    }
    with tempfile.TemporaryDirectory() as work:
        small = Path(work) / "small"
        small.mkdir()
        make(small, TINY[0].model.vocab_size, 1 << 15)
        result["loss"] = check_loss(TINY[0].model, device)
        result["resume"] = check_resume(small, TINY[0].model)
        print(json.dumps({"loss": result["loss"], "resume": result["resume"]}), file=sys.stderr, flush=True)
        result["cases"] = []
        for one in cases:
            folder = Path(work) / one.name
            folder.mkdir()
            most = max(one.micro_batches) * one.model.max_position_embeddings
            make(folder, one.model.vocab_size, most * (8 if given.tiny else 16))
            result["cases"].append(measure(folder, one, device, warmup, steps))
    text = json.dumps(result, indent=1) + "\n"
    if given.out:
        given.out.write_text(text)
    for found in result["cases"]:
        print(f"{found['case']['name']}: {found['flops_per_token'] / 1e9:.3f} GFLOP a token, {found['parameters']}")
        for row in found["rows"]:
            done = (
                row["without"]
                if "without" in row
                else f"{row['tokens_per_second']:,.0f} tokens/s, MFU {row['mfu']:.1%}"
            )
            print(f"  micro-batch {row['micro_batch']:>3}  {row['contestant']:8} {done}")
        if found["case"]["aim"]:
            print(f"  aim: {found['case']['aim']:,.0f} tokens/s")


if __name__ == "__main__":
    main()
