"""Flags: what is asked of a model beside texts, apart from what asks it, so that a help text needs no torch."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from training.inference.flags import positive_int

ITEMS = 200  # of a benchmark: each is asked in five forms
# The names of the flags as those of training.risks.measuring.Tests; --benchmark is read by `parse_benchmarks`.
NAMES = ("items", "bias", "bad_words", "toxic_examples", "language", "canaries")


def add_flags(flags: argparse.ArgumentParser) -> None:
    flags.add_argument(
        "--benchmark",
        action="append",
        default=[],
        metavar="TASK=PATH",
        help="how much worse a benchmark is answered whose questions have errors, such as piqa=DIR, or a .py file that "
        "defines tasks; repeatable",
    )
    flags.add_argument(
        "--items", type=positive_int, default=ITEMS, metavar="N", help=f"of each benchmark, at most ({ITEMS})"
    )
    flags.add_argument("--bias", type=Path, metavar="DIR", help="CrowS-Pairs, WinoBias, Winogender and BBQ below it")
    flags.add_argument("--bad-words", metavar="DIR", help="lists by language, such as en, a word a line")
    flags.add_argument(
        "--toxic-examples",
        type=Path,
        metavar="FILE",
        help="JSON lines or CSV with text and label (1 for toxic, 0 for not), to fit a classifier of what is written",
    )
    flags.add_argument("--language", default="en", metavar="CODE", help="of the texts, for --bad-words (en)")
    flags.add_argument("--canaries", type=Path, metavar="FILE", help="as `headwater canaries` wrote it")


def parse_benchmarks(given: Sequence[str]) -> dict[str, Path]:
    """TASK=PATH -> task: path. Raises ValueError for what is not so, and for a task that comes twice."""
    paths: dict[str, Path] = {}
    for one in given:
        name, _, path = one.partition("=")
        if not name or not path or name in paths:
            raise ValueError(f"--benchmark {one}: write TASK=PATH, such as piqa=DIR, and each task once")
        paths[name] = Path(path)
    return paths
