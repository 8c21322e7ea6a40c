"""Headwater's index. Its stage also reads the tars' digests and writes its files through the lake; here are the arrays
alone, and the span's first places, each read again in its chunk, whose digest is known by then."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np

from benchmarks.text_trace.measure import LEAST, Spans, measure
from corpus.shards.reader import ShardSet
from corpus.verbatim.index import TextIndex
from corpus.verbatim.order import array_name, count_tokens, order_places

PLACES = 10


def main() -> None:
    place = Path(sys.argv[1])
    shards, folder = ShardSet(place / "shards"), place / "headwater"

    def build() -> Path:
        for kind in ("order", "counts"):
            (folder / kind).mkdir(parents=True)
        for shard in shards.index.shards:
            tar = shards.map(shard)
            np.save(folder / "order" / array_name(shard), order_places(tar, shard))
            np.save(folder / "counts" / array_name(shard), count_tokens(tar, shard, shards.index.vocab_size))
        return folder

    def load() -> Callable[[np.ndarray], Spans]:
        index = TextIndex(shards, folder / "order", folder / "counts")

        def answer(question: np.ndarray) -> Spans:
            spans = index.spans(question, LEAST)
            for span in spans:
                for _ in zip(range(PLACES), index.places(question, span), strict=False):
                    pass
            return [(span.start, span.stop, span.occurrences) for span in spans]

        return answer

    measure(place, build, load)


if __name__ == "__main__":
    main()
