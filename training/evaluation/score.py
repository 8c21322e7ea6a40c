"""Scores a checkpoint on a benchmark that lies on this machine:

    python -m training.evaluation.score --checkpoint DIR --task NAME --data PATH --out DIR

Writes OUT/TASK/items.parquet and OUT/TASK/score.json, the same bytes each time. `headwater score` is the same command.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import torch

from corpus.shards.reader import ShardSet
from training.distributed.parallel import pick_device
from training.evaluation.catalog import find, once
from training.evaluation.flags import add_flags
from training.evaluation.harness import ask, table
from training.evaluation.items import Items
from training.evaluation.items import load as load_items
from training.evaluation.language_model import LanguageModel
from training.evaluation.task import Task
from training.inference.loading import Loaded, baselines, load
from training.inference.model import Model
from training.significance import results
from training.significance.results import estimate_of


def score(
    loaded: Loaded, task: Task, items: Items, size: int | None = None, beside: dict[str, Model] | None = None
) -> tuple[dict[str, Any], pa.Table]:
    """The content of score.json and the table of items. `beside` are models to print next to it, by name."""
    asker = LanguageModel(loaded.model, size)
    found = table(task, items.docs, ask(asker, task, items.docs))
    others = {
        name: table(task, items.docs, ask(LanguageModel(model, size), task, items.docs))
        for name, model in (beside or {}).items()
    }
    return {
        "task": task.name,
        "kind": task.kind,
        "version": task.version,
        "definition": task.definition,
        "metric": task.main,
        "higher_is_better": task.higher_is_better,
        "n": len(items.docs),
        "clusters": len(set(found["cluster"].to_pylist())),
        "repeated": items.repeated,
        "cut": asker.cut,
        "score": estimate_of(found),
        "metrics": {name: estimate_of(found, name) for name in task.metrics},
        "figures": task.figures(items.docs, found),
        "groups": _groups(found),
        "chance": task.chance(items.docs),
        "beside": {name: estimate_of(other) for name, other in others.items()},
        "device": pick_device().type,
        "inputs": {"checkpoint": loaded.digest, "data": items.data},
    }, found


def _groups(found: pa.Table) -> dict[str, dict[str, float]]:
    """Value and number of items of each group."""
    rows: dict[str, list[float]] = {}
    for group, value, weight in zip(*(found[name].to_pylist() for name in ("group", "value", "weight")), strict=True):
        kept = rows.setdefault(group, [0.0, 0.0, 0])
        kept[0], kept[1], kept[2] = kept[0] + value, kept[1] + weight, kept[2] + 1
    return {group: {"value": top / bottom, "n": n} for group, (top, bottom, n) in sorted(rows.items()) if group}


def target(folder: Path, task: str, data: str, definition: str) -> Path:
    """FOLDER/TASK. Raises ValueError when that holds the score of another benchmark file or definition: a file that
    changed must not pass for the one that was scored before."""
    found = folder / task
    if (found / "score.json").is_file():
        before = results.read(found).score
        for what, old, new in (
            ("data", before["inputs"]["data"], data),
            ("task definition", before["definition"], definition),
        ):
            if old != new:
                raise ValueError(
                    f"{found} holds a score of {what} {old[:16]}, this is one of {new[:16]}; take another --out"
                )
    return found


def write(folder: Path, found: dict[str, Any], items: pa.Table) -> None:
    """Raises ValueError as `target` does."""
    results.write(target(folder, found["task"], found["inputs"]["data"], found["definition"]), found, items)


def lines(found: dict[str, Any]) -> list[str]:
    """The score and what it stands beside, for people."""
    arrow = "higher" if found["higher_is_better"] else "lower"
    about = [f"{found['n']} items"] + [f"{found['clusters']} passages"] * (found["clusters"] < found["n"])
    about += [f"{found['repeated']} repeated"] * bool(found["repeated"])
    about += [f"{found['cut']} questions cut in front"] * bool(found["cut"])
    shown = [f"{found['task']}: {found['metric']} of {', '.join(about)}; {arrow} is better"]
    for name, one in (("score", found["score"]), *found["beside"].items()):
        shown.append(f"  {name:18} {one['value']:8.4f}   95 % [{one['low']:.4f}, {one['high']:.4f}]")
    shown += [f"  {name:18} {one['value']:8.4f}" for name, one in found["metrics"].items() if name != found["metric"]]
    shown += [f"  {name:18} {value:8.4f}" for name, value in found["figures"].items()]
    if found["chance"] is not None:
        shown.append(f"  {'chance':10} {found['chance']:8.4f}")
    return shown


def prepare(given: argparse.Namespace, limits: list[int | None]) -> list[tuple[Task, Items]]:
    """What --task and --data ask, the first items alone by a limit for all or one for each; sets torch to --threads.

    Raises ValueError or FileNotFoundError, naming what is wrong with which flag or file.
    """
    if len(given.task) != len(given.data):
        raise ValueError(f"{len(given.task)} --task and {len(given.data)} --data; give each task its own data")
    if len(limits) not in (1, len(given.task)):
        raise ValueError(f"{len(given.task)} --task and {len(limits)} --limit; give one for all, or one for each")
    torch.set_num_threads(given.threads)
    torch.use_deterministic_algorithms(True)
    asked = [
        (task, load_items(task, data).first(limit))
        for name, data, limit in zip(given.task, given.data, limits * (len(given.task) // len(limits)), strict=True)
        for task in find(name)
    ]
    once(task for task, _ in asked)
    return asked


def run(given: argparse.Namespace) -> None:
    """Raises ValueError or FileNotFoundError, naming what is wrong with which flag or file."""
    asked = prepare(given, [given.limit])
    given.out.mkdir(parents=True, exist_ok=True)
    for task, items in asked:  # now, not after hours of asking
        target(given.out, task.name, items.data, task.definition)
    device = pick_device()
    loaded = load(given.checkpoint, device)
    beside = baselines(given.checkpoint, ShardSet(given.shards), device) if given.shards else {}
    for task, items in asked:
        found, rows = score(loaded, task, items, given.batch_size, beside)
        write(given.out, found, rows)
        print("\n".join(lines(found)), flush=True)


def main(argv: Sequence[str] | None = None) -> int:
    flags = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_flags(flags)
    try:
        run(flags.parse_args(argv))
    except (OSError, ValueError) as error:
        print(f"score: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
