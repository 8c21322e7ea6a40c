"""Kernels: what is compiled of the work on duplicates, loaded once for all phases and workers of a command."""

from __future__ import annotations

from functools import cache

from pipelines.parts import Work


class CompiledWork(Work):
    """Work that calls kernels: to load a compiler's runtime takes a second, and each kernel some milliseconds."""

    def prepare(self) -> None:
        load_kernels()


@cache
def load_kernels() -> None:
    """Calls what the phases call, on hardly anything."""
    import numpy as np
    import pyarrow as pa

    from corpus.duplicates.banding import SignatureConfig
    from corpus.duplicates.clusters import ShingleSets, find_exact_duplicates, find_near_duplicates
    from corpus.duplicates.components import Components
    from corpus.duplicates.groups import combine_groups, group_by_key, mark_shared, sort_order
    from corpus.duplicates.minhash import compute_band_keys
    from corpus.duplicates.positions import PlacesInSet, PositionSet
    from corpus.duplicates.shingles import compute_shingle_sets

    texts = pa.array(["one text", "one text"], pa.large_string())
    signing = SignatureConfig(bands=2, rows=2, shingle_words=1, seed=1, urls=False)
    keys, digests = compute_band_keys(texts, signing)
    documents = np.arange(len(texts), dtype=np.uint64)
    find_exact_duplicates(digests, documents)
    sort_order(keys[:, 0].copy())
    mark_shared(documents, documents)
    groups = combine_groups([group_by_key(keys[:, 0].copy(), documents)])
    sets = compute_shingle_sets(texts, 1)
    found = ShingleSets(values=sets.values, starts=sets.offsets[:-1], stops=sets.offsets[1:])
    find_near_duplicates(groups, documents, found, threshold=0.8)
    positions = PositionSet(len(texts))
    positions.add(np.arange(len(texts)))
    positions.holds(np.arange(len(texts)))
    PlacesInSet(positions).places(np.arange(len(texts)))
    components = Components(len(texts))
    components.connect(groups)
    components.bins(1)
