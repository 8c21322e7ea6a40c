"""What pretraining is worth to small models, task by task: `make bench-finetuning`.

Pretrains what is missing, fine-tunes what is missing, and writes docs/finetuning-measured.md from all that is there.
"""

from __future__ import annotations

import argparse
import json
import os
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

from benchmarks.dedup.contestants import BENCHMARKS
from benchmarks.finetuning.page import PRETRAINED, RANDOM, TABLE, page
from benchmarks.finetuning.runs import FOLDER, TOKENS, finetune, pretrain, write_examples
from benchmarks.finetuning.tasks import DATA
from benchmarks.finetuning.words import score_words

STORED = BENCHMARKS / "results" / "finetuning.json"


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.finetuning",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("tasks", nargs="*", choices=[*DATA, []], help="all by default")
    parser.add_argument("--tokens", type=int, default=TOKENS, help="of pretraining (default: %(default)s)")
    parser.add_argument("--folder", type=Path, default=FOLDER, help="texts, lake and runs (default: %(default)s)")
    args = parser.parse_args()
    tasks = args.tasks or list(DATA)
    starts = {family: pretrain(args.folder, family, args.tokens) for family in {DATA[name].family for name in tasks}}
    found = json.loads(STORED.read_text()) if STORED.exists() else {}
    if found.get("tokens") != args.tokens:
        found = {"tokens": args.tokens, "runs": {}, "words": {}}
    begun: dict[str, dict[str, list[Future[dict[str, Any]]]]] = {}
    with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as cores:
        for name in tasks:
            data = DATA[name]
            write_examples(args.folder, name, data)
            start = starts[data.family]
            begun[name] = {
                initial: [
                    cores.submit(finetune, args.folder, name, data, start, initial, seed) for seed in range(data.seeds)
                ]
                for initial in (PRETRAINED, RANDOM)
            }
        for name, arms in begun.items():
            data = DATA[name]
            found["runs"][name] = {initial: [run.result() for run in runs] for initial, runs in arms.items()}
            if data.words:
                columns = data.flags[1:] if "--columns" in data.flags else ()
                found["words"][name] = score_words(args.folder / "data" / name, columns, data.words)
            STORED.write_text(json.dumps(found) + "\n")
            TABLE.write_text(page(found))


if __name__ == "__main__":
    main()
