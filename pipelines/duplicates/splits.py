"""Splits: how many documents, keys or candidates a worker has in memory, and what is dealt out so that it has no
more."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from pathlib import Path

from corpus.duplicates.keeper import CRAWLS, DOCUMENTS
from corpus.lake.manifest import Manifest
from pipelines.parts import StageError

KEYS = 1 << 64
TOGETHER = 1 << 22  # documents or keys that a worker has at a time: of each some 40 bytes are in memory
ROW_GROUP = (
    1 << 16
)  # rows of a sorted file that are read together: a range of keys needs no more of a file than its own
TEXTS = 1 << 12  # documents whose shingles are computed in one split, for each bin


@dataclass(frozen=True, kw_only=True)
class Documents:
    """A file of a crawl's documents: `first` is the position of its first one in the crawl."""

    name: str
    first: int
    count: int

    @property
    def stop(self) -> int:
        return self.first + self.count


@dataclass(frozen=True, kw_only=True)
class Run:
    """Consecutive files of a crawl's documents that are put in order together."""

    name: str
    files: tuple[Documents, ...]

    @property
    def first(self) -> int:
        return self.files[0].first

    @property
    def stop(self) -> int:
        return self.files[-1].stop

    @property
    def weight(self) -> int:
        return self.stop - self.first


@dataclass(frozen=True, kw_only=True)
class BandsOfRun:
    """Bands of a run that one worker sorts: they are one file."""

    name: str
    run: Run
    bands: tuple[int, ...]

    @property
    def weight(self) -> int:
        return self.run.weight * len(self.bands)


@dataclass(frozen=True, kw_only=True)
class KeyRange:
    """Keys of some bands from `first` to `last`, or digests where there are no bands."""

    name: str
    first: int
    last: int
    bands: tuple[int, ...] = ()
    weight: int = 1


@dataclass(frozen=True, kw_only=True)
class Bin:
    """Documents that no document of another bin can decide about."""

    name: str
    number: int
    weight: int = 1


def document_files(documents: Manifest) -> list[Documents]:
    """In the order in which a crawl's documents are counted, that of `pipelines.parts.file_splits`."""
    entries = sorted((Path(entry.path).stem, entry.rows) for entry in documents.of_kind("documents"))
    firsts = accumulate((rows for _, rows in entries), initial=0)
    return [Documents(name=name, first=first, count=rows) for (name, rows), first in zip(entries, firsts, strict=False)]


def make_runs(files: Sequence[Documents], together: int) -> list[Run]:
    """As many files a run as have so many documents together, at least one."""
    found: list[list[Documents]] = []
    for file in files:
        if found and file.stop - found[-1][0].first <= together:
            found[-1].append(file)
        else:
            found.append([file])
    return [Run(name=f"run-{number:04d}", files=tuple(one)) for number, one in enumerate(found)]


def divide_bands(bands: int, files: int) -> list[tuple[int, ...]]:
    """Bands in so many files, as evenly as can be."""
    cuts = [number * bands // files for number in range(files + 1)]
    return [tuple(range(first, stop)) for first, stop in pairwise(cuts)]


def split_run(run: Run, bands: int) -> list[BandsOfRun]:
    """So many bands a file as have TOGETHER keys: few files of a small crawl, no large one of a large crawl."""
    files = min(bands, max(1, -(-bands * run.weight // TOGETHER)))
    return [
        BandsOfRun(name=f"{run.name}-bands-{number:03d}", run=run, bands=group)
        for number, group in enumerate(divide_bands(bands, files))
    ]


def digest_ranges(kind: str, documents: int) -> list[KeyRange]:
    """Of so many documents in all, TOGETHER a range."""
    return [
        KeyRange(name=f"{kind}-{number:04d}", first=first, last=last)
        for number, (first, last) in enumerate(_ranges(max(1, -(-documents // TOGETHER))))
    ]


def band_ranges(bands: int, documents: int) -> list[KeyRange]:
    """Of so many documents in all: some bands, or a range of the keys of one."""
    files = min(bands, max(1, -(-bands * documents // TOGETHER)))
    ranges = _ranges(max(1, -(-documents // TOGETHER)))
    return [
        KeyRange(name=f"bands-{group:03d}-{number:04d}", first=first, last=last, bands=chosen)
        for group, chosen in enumerate(divide_bands(bands, files))
        for number, (first, last) in enumerate(ranges)
    ]


def make_bins(documents: int) -> list[Bin]:
    return [Bin(name=f"bin-{number:04d}", number=number) for number in range(max(1, -(-documents // TOGETHER)))]


def check_sizes(crawls: Sequence[Manifest]) -> None:
    """Raises StageError where documents cannot be numbered (corpus.duplicates.keeper)."""
    if len(crawls) > CRAWLS:
        raise StageError(f"{len(crawls)} crawls are too many to be compared: at most {CRAWLS}; compare them apart")
    for manifest in crawls:
        if manifest.counts.kept > DOCUMENTS:
            raise StageError(
                f"{manifest.name}: {manifest.counts.kept} documents are too many to be compared: at most {DOCUMENTS} a "
                f"crawl; divide its files into several crawls"
            )


def _ranges(count: int) -> list[tuple[int, int]]:
    """Equal ranges of keys: they are hashes, so as many documents are in each."""
    cuts = [number * KEYS // count for number in range(count + 1)]
    return [(first, stop - 1) for first, stop in pairwise(cuts)]
