"""Scores: items a second of prepared benchmarks, beside lm-eval's own Hugging Face backend: `make bench-scores`.

Both sides answer the same lm-eval task from the same weights, in float32, with the same tokens and as many questions at
once; the time is that of lm-eval's `evaluate`, prompts and tokenization included. Rounds alternate, the ratio is taken
within a round, and its median counts. Largest differences of an item's log-likelihood come from the same runs. The
weights are drawn at random: a model's speed does not depend on what it has learned.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import save_file
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

from benchmarks.crawl_input import SHARED
from benchmarks.machine import machine
from training.checkpoints.export import layout_files, load_causal, load_tokenizer
from training.evaluation.catalog import TASKS
from training.evaluation.harness import ask_items, build_table
from training.evaluation.items import load_items
from training.evaluation.language_model import LanguageModel
from training.inference.huggingface import HuggingFace
from training.inference.model import TrainedModel
from training.models.qwen3.config import Qwen3Config
from training.models.qwen3.transformer import Transformer
from training.presets import make_plan

HERE = Path(__file__).parent
RESULT, DOCS = HERE / "results" / "scores.json", HERE.parent / "docs" / "scores-measured.md"
DATA = SHARED.parent
START, END = "<!-- table of make bench-scores -->", "<!-- end of table -->"
THREADS = 2
LOCAL = "llm-foundry-local_data"
FOLDERS = {
    "hellaswag": "bench/hellaswag_text",
    "piqa": "bench/piqa/data",
    "arc_easy": f"bench/{LOCAL}",
    "winogrande": f"bench/{LOCAL}",
    "lambada": f"bench/{LOCAL}",
    "boolq": f"bench/{LOCAL}",
    "blimp": "bench/blimp",
    "cmmlu": "bench/CMMLU",
    "wikitext": "text",
}
LONG = {"wikitext": 40, "cmmlu": 4}  # an item is as long as so many of the others
SIZES = (8, 32)


def vocabulary(size: int) -> Tokenizer:
    """Byte-level BPE of the benchmarks' own texts, English and Chinese."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=size,
        special_tokens=["<|endoftext|>"],
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    paths = [*(DATA / "bench" / LOCAL).rglob("*.jsonl"), *(DATA / "bench" / "CMMLU").rglob("*.csv")]
    tokenizer.train_from_iterator((path.read_text(errors="ignore") for path in sorted(paths)), trainer)
    return tokenizer


def shapes() -> Iterator[tuple[str, Qwen3Config, Tokenizer]]:
    """The recipes' model, and one with a wider vocabulary and a longer context."""
    for name, size, changes in (
        ("tiny", 4096, {}),
        ("wider", 32768, {"hidden_size": 384, "intermediate_size": 1024, "num_hidden_layers": 6}),
    ):
        tokenizer = vocabulary(size)
        model, _ = make_plan("tiny", tokenizer.get_vocab_size(), 0)
        if changes:
            changes |= {"num_attention_heads": 6, "num_key_value_heads": 6, "max_position_embeddings": 1024}
        yield name, replace(model, **changes), tokenizer


def write(folder: Path, config: Qwen3Config, tokenizer: Tokenizer) -> None:
    """A Hugging Face folder of drawn weights, wide enough apart that choices differ."""
    model = Transformer(config, seed=1)
    weights = {
        name: weight.detach().clone() * (3 if weight.ndim == 2 else 1) for name, weight in model.state_dict().items()
    }
    for name, data in layout_files(config, tokenizer.to_str().encode()).items():
        (folder / name).write_bytes(data)
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})


def contestants(folder: Path, size: int) -> dict[str, Any]:
    from lm_eval.models.huggingface import HFLM

    ours = TrainedModel(load_causal(folder), load_tokenizer(folder / "tokenizer.json"))
    return {
        "lm-eval": HFLM(pretrained=str(folder), device="cpu", dtype="float32", batch_size=size),
        "headwater": LanguageModel(ours, size),
        "any folder": LanguageModel(HuggingFace(folder, torch.device("cpu")), size),
    }


def measure(folder: Path, size: int, names: Sequence[str], count: int, rounds: int) -> dict[str, Any]:
    sides, found = contestants(folder, size), {}
    for name in names:
        task = TASKS[name]
        docs = load_items(task, DATA / FOLDERS[name]).docs[: max(1, count // LONG.get(name, 1))]
        seconds: dict[str, list[float]] = {side: [] for side in sides}
        likelihoods: dict[str, np.ndarray] = {}
        for turn in range(rounds + 1):  # the first warms up
            for side, model in sides.items():
                started = time.perf_counter()
                samples = ask_items(model, task, docs)
                if turn:
                    seconds[side].append(time.perf_counter() - started)
                rows = build_table(task, docs, samples)["log_likelihoods"]
                likelihoods[side] = np.concatenate(rows.to_pylist())
        base = seconds["lm-eval"]
        found[name] = {
            "items": len(docs),
            "questions": len(likelihoods["lm-eval"]),
            "largest_difference": float(np.abs(likelihoods["headwater"] - likelihoods["lm-eval"]).max()),
            "items_per_second": {side: len(docs) / statistics.median(times) for side, times in seconds.items()},
            "ratio": {
                side: statistics.median(b / t for b, t in zip(base, times, strict=True))
                for side, times in seconds.items()
            },
        }
        print(name, size, json.dumps(found[name]["ratio"]), flush=True)
    return found


def report(result: dict[str, Any]) -> str:
    lines = [START, "", f"{result['machine']}; load {result['load']:.1f} at the end. {THREADS} threads, float32."]
    for name, shape in result["models"].items():
        lines += [
            "",
            f"**{name}**: {shape['layers']} layers of {shape['width']}, vocabulary {shape['vocabulary']:,}, context "
            f"{shape['context']:,}.",
            "",
            "| benchmark | items | questions | batch | lm-eval, items/s | Headwater, items/s | ratio | as any folder | "
            "largest difference |",
            "|---|---|---|---|---|---|---|---|---|",
        ]
        for size, tasks in shape["sizes"].items():
            for task, found in tasks.items():
                speed, ratio = found["items_per_second"], found["ratio"]
                lines.append(
                    f"| {task} | {found['items']} | {found['questions']} | {size} | {speed['lm-eval']:.0f} | "
                    f"{speed['headwater']:.0f} | {ratio['headwater']:.2f} | {ratio['any folder']:.2f} | "
                    f"{found['largest_difference']:.0e} |"
                )
    return "\n".join([*lines, "", END])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--items", type=int, default=200, help="of each benchmark, at most")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--task", action="append", choices=FOLDERS, help="repeatable; all by default")
    given = parser.parse_args()
    if not DATA.is_dir():
        raise SystemExit(f"{DATA} is not there; it holds the benchmarks' own files")
    torch.set_num_threads(THREADS)
    host = machine()
    result: dict[str, Any] = {"models": {}}
    for name, config, tokenizer in shapes():
        with tempfile.TemporaryDirectory() as folder:
            write(Path(folder), config, tokenizer)
            sizes = {
                size: measure(Path(folder), size, given.task or list(FOLDERS), given.items, given.rounds)
                for size in SIZES
            }
        result["models"][name] = {
            "layers": config.num_hidden_layers,
            "width": config.hidden_size,
            "vocabulary": config.vocab_size,
            "context": config.max_position_embeddings,
            "sizes": sizes,
        }
    result["machine"] = f"{host['cores']} cores, {host['model']}, Python {host['python']}, torch {torch.__version__}"
    result["load"] = os.getloadavg()[0]
    RESULT.write_text(json.dumps(result, indent=1) + "\n")
    text = DOCS.read_text()
    before, after = text[: text.index(START)], text[text.index(END) + len(END) :]
    DOCS.write_text(before + report(result) + after)
    print(report(result))


if __name__ == "__main__":
    main()
