"""Proof: models trained on what Headwater makes of a crawl, beside those of what others make: `make proof`.

Computes what is missing of an experiment, as many runs at a time as there are cores, stores the scores of each, and
writes docs/proof.md anew from all that are stored. It may be stopped at any time: what was begun goes on.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path

from benchmarks.dedup.contestants import BENCHMARKS
from benchmarks.proof.arms import EXPERIMENTS, HEADWATER
from benchmarks.proof.crawls import make_crawl
from benchmarks.proof.inputs import make_inputs
from benchmarks.proof.page import write_page
from benchmarks.proof.runs import (
    MODEL,
    Budget,
    Place,
    fit_model,
    let_train_together,
    prepare_data,
    run,
    train_tokenizer,
)
from benchmarks.proof.stored import RESULTS, read_runs, write_counts, write_run, write_same
from corpus.lake.store import Lake

PLACE = BENCHMARKS.parent / "build" / "proof"


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.proof", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("experiments", nargs="*", choices=[*EXPERIMENTS, []], help="which arms; none: the page alone")
    parser.add_argument("--language", default="en", choices=["en", "de", "zh"])
    parser.add_argument("--seeds", type=int, help="runs of each arm (default: 5 of the main ones, 3 of others)")
    parser.add_argument("--tokens", type=int, default=Budget.tokens, help="that each run reads (default: %(default)s)")
    parser.add_argument("--learning-rate", type=float, default=Budget.learning_rate, help="(default: %(default)s)")
    parser.add_argument("--at-once", type=int, default=os.cpu_count(), help="runs at a time (default: %(default)s)")
    parser.add_argument("--folder", type=Path, default=PLACE, help="inputs and lake (default: %(default)s)")
    args = parser.parse_args()
    budget = Budget(tokens=args.tokens, learning_rate=args.learning_rate)
    stored = RESULTS / args.language
    if args.experiments:
        compute(args.experiments, args.folder / args.language, args.language, budget, args.seeds, args.at_once, stored)
    write_page()


def compute(
    experiments: Sequence[str],
    folder: Path,
    language: str,
    budget: Budget,
    seeds: int | None,
    at_once: int,
    stored: Path,
) -> None:
    """Writes the runs that are missing among those that are stored. `seeds`: None for as many as each arm has."""
    write_counts(make_inputs(folder / "inputs", language), stored)
    place = Place(inputs=folder / "inputs", lake=Lake(str(folder / "lake")))
    let_train_together(place, at_once)
    tokenizer = train_tokenizer(place)
    chosen = [HEADWATER, *(arm for name in experiments for arm in EXPERIMENTS[name])]
    arms = {arm.name: arm for arm in chosen if arm.language in (None, language)}
    data, same = dict[str, str](), dict[str, bool]()  # by arm
    for arm in arms.values():
        ours = budget.run_name(HEADWATER, 0)
        make_crawl(place, arm, ours)
        if arm.selected_by and not (place.inputs / MODEL).exists():
            fit_model(place, ours)
        data[arm.name] = prepare_data(place, arm, budget, tokenizer)
        same[arm.name] = arm is not HEADWATER and data[arm.name] == data[HEADWATER.name]
        if same[arm.name]:
            print(f"{arm.name}: the same data as {HEADWATER.name}, no model is trained", flush=True)
            del data[arm.name]
    write_same(same, stored)
    there = {one.name: one.data for one in read_runs(stored)}
    wanted = [
        (arms[name], seed)
        for seed in range(seeds or max(arm.seeds for arm in arms.values()))
        for name, digest in data.items()
        if seed < (seeds or arms[name].seeds) and there.get(budget.run_name(arms[name], seed)) != digest
    ]
    started = time.monotonic()
    with ProcessPoolExecutor(at_once, multiprocessing.get_context("spawn"), max_tasks_per_child=1) as pool:
        asked = [pool.submit(run, place, arm, budget, seed, tokenizer) for arm, seed in wanted]
        for number, done in enumerate(as_completed(asked), start=1):
            if error := done.exception():
                pool.shutdown(cancel_futures=True)
                raise error
            write_run(done.result(), stored)
            spent = time.monotonic() - started
            left = spent / number * (len(wanted) - number)
            print(f"{done.result().name}: {number} of {len(wanted)}, {spent:.0f} s, {left:.0f} s to go", flush=True)


if __name__ == "__main__":
    main()
