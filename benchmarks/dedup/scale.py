"""Scale: band keys of ever more documents, made up, to removals: time and memory a document should not grow.

    python -m benchmarks.dedup.scale make COUNT FOLDER
    python -m benchmarks.dedup.scale measure COUNT FOLDER

Of the documents, EXACT are copies and NEAR share each band with another one as often as a pair does at a Jaccard
similarity of ALIKE; those sets of shingles are small, so that what counts is the grouping, not the texts. `measure`
prints CPU seconds by step, and the bytes by which the process's peak exceeds what it held before, as JSON; pages of
the scratch file with the sets are among them.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from benchmarks.dedup.documents import EXACT, NEAR
from benchmarks.processes import status_bytes
from corpus.duplicates.banding import DuplicateConfig
from corpus.duplicates.clusters import ShingleSets, find_exact_duplicates, find_near_duplicates
from corpus.duplicates.deduplication import BandFiles
from corpus.duplicates.groups import combine_groups
from corpus.duplicates.removals import combine_steps, no_removals

ALIKE = 0.9
SET, CHANGED = 20, 1  # 19 of 21 values in common
STEP = 1 << 16  # documents
WARM = 1_000


def make(count: int, folder: Path) -> None:
    """Band files, the digest of each document and the document that it is a copy of."""
    folder.mkdir(parents=True)
    random = np.random.default_rng(count)
    kinds = random.random(count)
    numbers = np.arange(count)
    families = np.where(kinds < EXACT + NEAR, (random.random(count) * numbers).astype(np.int64), numbers)
    while (families[families] != families).any():
        families = families[families]
    owns = np.where(kinds < EXACT, families, numbers)
    np.save(folder / "families.npy", families)
    np.save(folder / "digests.npy", _mixed(owns, 0)[:, None].repeat(2, axis=1))
    signing = DuplicateConfig().signing()
    for band, path in enumerate(BandFiles(folder, signing.bands).paths):
        agree = (owns == families) | (random.random(count) < ALIKE**signing.rows)
        _mixed(np.where(agree, families, numbers), band + 1).tofile(path)


def _mixed(numbers: np.ndarray, salt: int) -> np.ndarray:
    """A different uint64 for each number and salt, in no order."""
    mixed = (numbers.astype(np.uint64) + np.uint64(salt) * np.uint64(1 << 40)) * np.uint64(0x9E3779B97F4A7C15)
    mixed ^= mixed >> np.uint64(32)
    return mixed * np.uint64(0xBF58476D1CE4E5B9)


def measure(count: int, folder: Path) -> dict[str, float]:
    warm = folder / "warm"
    make(WARM, warm)
    _remove(WARM, warm, {})
    before = status_bytes("VmRSS")
    seconds: dict[str, float] = {}
    found = _remove(count, folder, seconds)
    return {**seconds, "removed": found, "bytes": status_bytes("VmHWM") - before}


def _remove(count: int, folder: Path, seconds: dict[str, float]) -> int:
    config = DuplicateConfig()
    documents = np.arange(count, dtype=np.uint64)
    with _timed("exact", seconds):
        exact = find_exact_duplicates(np.load(folder / "digests.npy"), documents)
        different = np.ones(count, bool)
        different[exact.documents] = False
        documents = documents[different]
    with _timed("groups", seconds):
        groups = combine_groups(BandFiles(folder, config.signing().bands).groups(documents.astype(np.int64), documents))
        candidates = groups.documents()
    sets = _sets(candidates, folder)
    with _timed("near", seconds):
        near = find_near_duplicates(
            groups, candidates, sets, threshold=config.threshold, agreeing=config.min_shared_bands()
        )
        return len(combine_steps(no_removals(), exact, near))


def _sets(candidates: np.ndarray, folder: Path) -> ShingleSets:
    """In a scratch file, as those of texts are."""
    families = np.load(folder / "families.npy", mmap_mode="r")
    path = folder / "shingles"
    with open(path, "wb") as file:
        for first in range(0, len(candidates), STEP):
            mine = candidates[first : first + STEP].astype(np.int64)
            values = families[mine][:, None] * (2 * SET) + np.arange(SET)
            copies = families[mine] != mine
            values[copies, -CHANGED:] += SET
            values.astype(np.uint64).tofile(file)
    starts = np.arange(len(candidates), dtype=np.int64) * SET
    return ShingleSets(values=np.asarray(np.memmap(path, np.uint64, mode="r+")), starts=starts, stops=starts + SET)


@contextmanager
def _timed(name: str, seconds: dict[str, float]) -> Iterator[None]:
    start = time.process_time()
    yield
    seconds[name] = time.process_time() - start


def main() -> None:
    task, count, folder = sys.argv[1:]
    if task == "make":
        make(int(count), Path(folder))
    else:
        print(json.dumps(measure(int(count), Path(folder))))


if __name__ == "__main__":
    main()
