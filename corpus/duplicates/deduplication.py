"""Deduplication of one collection in one process: texts, read twice -> which go, each for one that stays.

    batches -> band keys, by band on disk -> groups -> candidates -> their texts once more -> removals

What is held in memory a document: its digest, its position in the order and, while a band is grouped, its key.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from corpus.duplicates.banding import DuplicateConfig, SignatureConfig
from corpus.duplicates.candidates import write_shingle_sets
from corpus.duplicates.clusters import find_exact_duplicates, find_near_duplicates
from corpus.duplicates.groups import Groups, combine_groups, group_by_key
from corpus.duplicates.keeper import OF_FILES, sort_by_keeper
from corpus.duplicates.minhash import compute_band_keys
from corpus.duplicates.removals import CombinedRemovals, combine_steps, no_removals
from corpus.duplicates.shingles import compute_shingle_sets
from corpus.text.composition import compose_texts


class BandFiles:
    """The keys of all documents, a file a band, in the order in which they were signed."""

    def __init__(self, folder: Path, bands: int) -> None:
        self.paths = [folder / f"band-{band:03d}" for band in range(bands)]

    def write(self, batches: Iterable[np.ndarray]) -> None:
        """`batches` (documents, bands) uint64."""
        with ExitStack() as stack:
            files = [stack.enter_context(open(path, "wb")) for path in self.paths]
            for keys in batches:
                for file, column in zip(files, keys.T, strict=True):
                    column.tofile(file)

    def groups(self, signed: np.ndarray, documents: np.ndarray) -> Iterator[Groups]:
        """Of those `documents`, rising, that were signed at the places `signed`."""
        for path in self.paths:
            yield group_by_key(np.fromfile(path, np.uint64)[signed], documents)


def deduplicate(
    texts: Callable[[], Iterable[pa.Array]], ids: Sequence[pa.Array], config: DuplicateConfig, scratch: Path
) -> tuple[np.ndarray, CombinedRemovals]:
    """(order, removals): document d of the removals is text `order[d]`.

    `texts` reads all texts, the same each time, in batches of some thousand; `ids` are theirs. The longest text stays,
    of equally long ones the one with the smallest id, so that the order of the input decides nothing. Texts are
    compared in composed form (NFC): what differs in how its accents are written alone is equal.
    """
    signing = config.signing()
    bands = BandFiles(scratch, signing.bands)
    digests: list[np.ndarray] = []
    lengths: list[pa.Array] = []
    bands.write(_signed(map(compose_texts, texts()), signing, digests, lengths))
    order = _longest_first(pa.chunked_array(lengths), pa.chunked_array(ids))
    documents = np.arange(len(order), dtype=np.uint64)
    exact = find_exact_duplicates(np.concatenate(digests)[order], documents)
    different = np.ones(len(order), bool)
    different[exact.documents] = False
    groups = combine_groups(bands.groups(order[different], documents[different]))
    candidates = groups.documents()
    picked = _picked(texts(), order[candidates])
    found = ((slots, compute_shingle_sets(compose_texts(chosen), config.shingle_words)) for slots, chosen in picked)
    sets = write_shingle_sets(found, len(candidates), scratch)
    near = find_near_duplicates(
        groups,
        candidates,
        sets,
        threshold=config.threshold,
        agreeing=config.min_shared_bands(),
        containment=config.measure == "containment",
    )
    return order, combine_steps(no_removals(), exact, near)


def _signed(
    batches: Iterable[pa.Array], signing: SignatureConfig, digests: list[np.ndarray], lengths: list[pa.Array]
) -> Iterator[np.ndarray]:
    for batch in batches:
        keys, found = compute_band_keys(batch, signing)
        digests.append(found)
        lengths.append(pc.utf8_length(batch).cast(pa.int64()))
        yield keys


def _longest_first(lengths: pa.ChunkedArray, ids: pa.ChunkedArray) -> np.ndarray:
    table = pa.table([lengths, ids], ["length", "id"])
    return sort_by_keeper(table, OF_FILES).to_numpy().astype(np.int64)


def _picked(batches: Iterable[pa.Array], positions: np.ndarray) -> Iterator[tuple[np.ndarray, pa.Array]]:
    """The texts at some positions among all, with where those positions stand in `positions`."""
    slots = np.argsort(positions)
    rising = positions[slots]
    start = 0
    for batch in batches:
        first, last = np.searchsorted(rising, (start, start + len(batch)))
        if last > first:
            yield slots[first:last], batch.take(pa.array(rising[first:last] - start))
        start += len(batch)
