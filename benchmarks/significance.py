"""Significance on made data whose truth is known: how often intervals hold it, how often a test errs, what it finds.

python -m benchmarks.significance --rounds 2000
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator

import numpy as np

from training.significance.alignment import Pairs, Side
from training.significance.difference import estimate_difference
from training.significance.intervals import estimate
from training.significance.multiplicity import minimum_detectable_effect

Random = np.random.RandomState


def passages(random: Random, count: int, share: float) -> tuple[np.ndarray, np.ndarray]:
    """Answers, right or wrong, about easy and hard passages, and the passage of each."""
    sizes = random.poisson(4, size=count) + 1
    clusters = np.repeat(np.arange(count), sizes)
    easy = random.beta(share, 1 - share, size=count)
    return (random.uniform(size=len(clusters)) < easy[clusters]).astype(float), clusters


def coverage(rounds: int) -> Iterator[str]:
    yield "| 95 % intervals | held the truth | without clusters |\n|---|---|---|"
    random = Random(0)
    for share in (0.3, 0.9):
        for count in (5, 10, 30, 200):
            hits, naive = 0, 0
            for _ in range(rounds):
                right, clusters = passages(random, count, share)
                found, alone = estimate(right, clusters=clusters), estimate(right)
                hits += found.low <= share <= found.high
                naive += alone.low <= share <= alone.high
            yield f"| {share:.0%} right, {count} passages | {hits / rounds:.1%} | {naive / rounds:.1%} |"
    for count in (5, 10, 30, 200):
        hits = 0
        for _ in range(rounds):
            sizes = np.exp(random.normal(7, 1, size=count))
            found = estimate(sizes * random.normal(2.0, 0.4, size=count), sizes)
            hits += found.low <= 2.0 <= found.high
        yield f"| bits per byte of {count} documents | {hits / rounds:.1%} | |"


def recipes(random: Random, seeds: tuple[int, int], spread: tuple[float, float], gain: float, count: int) -> Pairs:
    """400 items, harder and easier, in `count` passages (0: none); recipes that are good at other items than each
    other; seeds whose skill varies by `spread`. B's skill is `gain` higher."""
    passage = np.arange(400) % count if count else None
    hard = random.normal(size=400)
    sides = []
    for number, own, more in zip(seeds, spread, (0.0, gain), strict=True):
        liked = random.normal(0, 0.3, size=400)
        if passage is not None:
            liked = liked + random.normal(0, 0.3, size=count)[passage]
        skill = more + random.normal(0, own, size=(number, 1)) + hard + liked
        values = (skill + random.normal(size=(number, 400)) > 0).astype(float)
        sides.append(Side(values=values, weights=np.ones_like(values)))
    return Pairs(a=sides[0], b=sides[1], numbers=passage, groups=np.full(400, ""))


def tests(rounds: int) -> Iterator[str]:
    yield "| seeds | spread of seeds | passages | false positives | finds B better by 0.3 |\n|---|---|---|---|---|"
    random = Random(1)
    for seeds, spread, count in (
        ((1, 1), (0, 0), 0),
        ((1, 1), (0, 0), 40),
        ((1, 1), (0, 0), 10),
        *((seeds, (own, own), 0) for seeds in ((2, 2), (3, 3), (5, 5), (2, 5), (1, 3)) for own in (0, 0.1, 0.5)),
        *((seeds, (0.5, 0.1), 0) for seeds in ((2, 2), (3, 3), (5, 5), (2, 5))),
        ((3, 3), (0.1, 0.1), 40),
        ((1, 2), (0.1, 0.1), 0),
    ):
        wrong, found = (
            sum(estimate_difference(recipes(random, seeds, spread, gain, count)).p <= 0.05 for _ in range(rounds))
            / rounds
            for gain in (0.0, 0.3)
        )
        yield f"| {seeds[0]}, {seeds[1]} | {spread[0]}, {spread[1]} | {count or '-'} | {wrong:.1%} | {found:.1%} |"


def power(rounds: int) -> Iterator[str]:
    yield "| items | tasks | smallest effect, of 20 % that differ | found |\n|---|---|---|---|"
    random = Random(2)
    for n, tasks in ((200, 1), (1000, 1), (1000, 10), (10000, 10)):
        effect = minimum_detectable_effect(np.sqrt(0.2 / n), n - 1, tasks, n, n, True) or 0.0
        hits = 0
        for _ in range(rounds):
            kind = random.uniform(size=(1, n))
            b, a = kind < (0.2 + effect) / 2, ((0.2 + effect) / 2 <= kind) & (kind < 0.2)
            one, other = (Side(values=side.astype(float), weights=np.ones((1, n))) for side in (a, b))
            found = estimate_difference(Pairs(a=one, b=other, numbers=None, groups=np.full(n, "")))
            hits += found.p <= 0.05 / tasks
        yield f"| {n:,} | {tasks} | {effect:.4f} | {hits / rounds:.0%} |"


def main() -> None:
    flags = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    flags.add_argument("--rounds", type=int, default=2000, help="data sets for each line (default: 2000)")
    rounds = flags.parse_args().rounds
    for part in (coverage(rounds), tests(rounds), power(min(rounds, 300))):
        for line in part:
            print(line, flush=True)
        print()


if __name__ == "__main__":
    main()
