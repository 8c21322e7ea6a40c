"""Evaluates a checkpoint on a benchmark, beside the untrained model and a unigram:

    python -m training.evaluate --checkpoint DIR --task bits_per_byte --items FILE.parquet --shards DIR --out DIR

Writes OUT/items.parquet (what each item got from each of the three) and OUT/score.json, the same bytes each time.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import torch

from corpus.manifest import canonical_json, sha256
from corpus.shard_set import ShardSet
from training.baselines import Unigram, untrained
from training.checkpoint import digest, resolve
from training.encoding import Question
from training.export import load_model, load_tokenizer
from training.outdir import write_atomic
from training.parallel import one_device
from training.scoring import Scores, score
from training.tasks import TASKS, Task

Scorer = Callable[[Sequence[Question]], list[Scores]]


def read_items(paths: Sequence[Path], task: Task) -> tuple[list[dict[str, Any]], pa.Table]:
    """The items of all files. Raises ValueError when a column is missing, a name comes twice or there is no item."""
    tables = []
    for path in paths:
        table = pq.read_table(path, page_checksum_verification=True)
        if missing := [name for name in task.columns if name not in table.column_names]:
            raise ValueError(f"{path} has no column {', '.join(missing)}; {task.name} needs {', '.join(task.columns)}")
        tables.append(table.select(task.columns))
    table = pa.concat_tables(tables)
    items = table.to_pylist()
    if not items:
        raise ValueError(f"no items in {', '.join(map(str, paths))}; a score of nothing would mean nothing")
    names = [item[task.key] for item in items]
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"{task.key} {twice!r} comes twice in {', '.join(map(str, paths))}; give each item once")
    return items, table


def check_belongs(folder: Path, shards: ShardSet) -> None:
    """Raises ValueError when the checkpoint was not trained on these shards with their tokenizer."""
    run = json.loads((folder / "state.json").read_bytes())["run"]
    for what, saved, found in (
        ("tokenizer", run["tokenizer"], shards.index.tokenizer),
        ("shards", run["shards"], shards.fingerprint),
    ):
        if saved != found:
            raise ValueError(
                f"{folder} was trained with {what} {saved}, {shards.folder} has {found}; give its own shards"
            )


def evaluate(task: Task, items: Sequence[dict[str, Any]], questions: list[list[Question]], scorer: Scorer) -> Any:
    """What each item got from one scorer, and its estimate."""
    flat = iter(scorer([question for asked in questions for question in asked]))
    answers = [task.answer(item, [next(flat) for _ in asked]) for item, asked in zip(items, questions, strict=True)]
    return answers, task.grade(items, answers)


def run(checkpoint: Path, task: Task, paths: Sequence[Path], shards: ShardSet, out: Path) -> dict[str, Any]:
    """Scores the items, writes both files and returns the content of score.json."""
    items, table = read_items(paths, task)
    folder = resolve(checkpoint)
    check_belongs(folder, shards)
    device = one_device()
    model, tokenizer = load_model(folder).to(device), load_tokenizer(folder / "tokenizer.json")
    questions = [task.ask(tokenizer, model.config.eos_token_id, item) for item in items]
    state = json.loads((folder / "state.json").read_bytes())
    first = untrained(model.config, state["run"]["train"]["seed"]).to(device)
    scorers: dict[str, Scorer] = {
        "model": lambda asked: score(model, asked),
        "untrained": lambda asked: score(first, asked),
        "unigram": Unigram(shards).score,
    }
    columns: dict[str, Any] = {task.key: table[task.key]}
    estimates = {}
    for name, scorer in scorers.items():
        answers, estimates[name] = evaluate(task, items, questions, scorer)
        for kind in answers[0]:
            columns[f"{name}_{kind}"] = pa.array([answer[kind] for answer in answers])
    result = {
        "task": task.name,
        "metric": task.metric,
        "higher_is_better": task.higher_is_better,
        "n": len(items),
        "score": estimates["model"]._asdict(),
        "untrained": estimates["untrained"]._asdict(),
        "unigram": estimates["unigram"]._asdict(),
        "chance": task.chance(items) if task.chance else None,
        "split_boundaries": sum(question.split for asked in questions for question in asked),
        "inputs": {
            "checkpoint": digest(folder),
            "items": [sha256(path.read_bytes()) for path in paths],
            "shards": shards.fingerprint,
        },
    }
    out.mkdir(parents=True, exist_ok=True)
    sink = pa.BufferOutputStream()
    pq.write_table(pa.table(columns), sink, compression="zstd", write_page_checksum=True)
    write_atomic(out / "items.parquet", sink.getvalue().to_pybytes())
    write_atomic(out / "score.json", canonical_json(result))
    return result


def table_of(result: dict[str, Any]) -> str:
    """The score and what it stands beside, for people."""
    arrow = "higher" if result["higher_is_better"] else "lower"
    lines = [f"{result['task']}: {result['metric']} of {result['n']} items, {arrow} is better"]
    for name in ("score", "untrained", "unigram"):
        found = result[name]
        lines.append(f"  {name:10} {found['value']:8.4f}   95 % [{found['low']:.4f}, {found['high']:.4f}]")
    if result["chance"] is not None:
        lines.append(f"  {'chance':10} {result['chance']:8.4f}")
    return "\n".join(lines)


def main() -> int:
    flags = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    flags.add_argument("--checkpoint", type=Path, required=True, help="a checkpoint, or the --out of a training run")
    flags.add_argument("--task", choices=TASKS, required=True)
    flags.add_argument("--items", type=Path, nargs="+", required=True, help="Parquet files")
    flags.add_argument("--shards", required=True, help="what the checkpoint was trained on")
    flags.add_argument("--out", type=Path, required=True)
    flags.add_argument("--threads", type=int, default=2, help="part of the result: a sum's last bit follows them")
    given = flags.parse_args()
    torch.set_num_threads(given.threads)
    torch.use_deterministic_algorithms(True)
    print(table_of(run(given.checkpoint, TASKS[given.task], given.items, ShardSet(given.shards), given.out)))
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (ValueError, FileNotFoundError) as error:
        sys.exit(f"evaluate: {error}")
