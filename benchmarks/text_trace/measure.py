"""Measure: what an index costs to build, its size on disk, and how long questions take. Peers run it too."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.processor_time import processor_time

LEAST = 8  # tokens of a span
Spans = list[tuple[int, int, int]]  # start, stop, how often


def measure(place: Path, build: Callable[[], Path], load: Callable[[], Callable[[np.ndarray], Spans]]) -> None:
    """Prints one line of JSON. `build` returns the folder or file of the index; `load` what answers a question.
    Questions are asked twice, and the second time counts."""
    cpu, wall = processor_time(), time.perf_counter()
    built = build()
    costs = {"build_cpu": processor_time() - cpu, "build_wall": time.perf_counter() - wall}
    costs["bytes"] = sum(file.stat().st_size for file in [built, *built.rglob("*")] if file.is_file())
    questions = np.load(place / "questions.npy")
    answer = load()
    for question in questions:
        answer(question)
    seconds, found = [], []
    for question in questions:
        started = time.perf_counter()
        spans = answer(question)
        seconds.append(time.perf_counter() - started)
        found.append(sorted(spans))
    costs |= {f"p{part}": float(np.percentile(seconds, part)) for part in (50, 95)}
    print(json.dumps({**costs, "found": found}))


def two_ends(question: Sequence[Any], contains: Callable[[Any], bool], count: Callable[[Any], int]) -> Spans:
    """The maximal spans, by what can only say whether something occurs. As starts go on, ends never go back."""
    spans, stop = [], 0
    for start in range(len(question)):
        before, stop = stop, max(stop, start)
        while stop < len(question) and contains(question[start : stop + 1]):
            stop += 1
        if stop > before and stop - start >= LEAST:
            spans.append((start, stop, count(question[start:stop])))
    return spans
