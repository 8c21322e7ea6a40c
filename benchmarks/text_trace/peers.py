"""Peers: infini-gram, tokengrams and fm-index, in an environment of their own.

infini-gram has a call that finds spans. The others say whether a sequence occurs and how often, so that a span's ends
are looked for one after the other. fm-index takes texts: a token is a code point.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import numpy as np

from benchmarks.text_trace.measure import LEAST, Spans, measure, two_ends

EOS = 50_256  # of GPT-2's vocabulary
MOST = 1 << 30  # occurrences of a span


def infini_gram(place: Path, folder: Path) -> tuple[Callable[[], Path], Callable[[], Callable[[np.ndarray], Spans]]]:
    """Its documents begin with a separator, where those of shards end with one."""
    from infini_gram.engine import InfiniGramEngine
    from infini_gram.indexing import build_sa

    separator = np.array([0xFFFF], np.uint16)

    def build() -> Path:
        flat = np.fromfile(place / "flat.bin", np.uint16)
        ends = np.flatnonzero(flat == EOS)
        flat[ends] = separator
        np.concatenate([separator, flat[:-1]]).tofile(folder / "tokenized.0")
        np.append([0], 2 * (ends[:-1] + 1)).astype(np.uint64).tofile(folder / "offset.0")
        settings = {"worker_id": 0, "workers": 1, "shards": 1, "mem": 8, "cpus": 1, "token_width": 2}
        build_sa(SimpleNamespace(save_dir=str(folder), temp_dir=str(folder), **settings))
        return folder

    def load() -> Callable[[np.ndarray], Spans]:
        engine = InfiniGramEngine(index_dir=str(folder), eos_token_id=EOS, vocab_size=0xFFFF, token_dtype="u16")

        def answer(question: np.ndarray) -> Spans:
            found = engine.attribute(question.tolist(), delim_ids=[], min_len=LEAST, max_cnt=MOST, enforce_bow=False)
            return [(span["l"], span["r"], span["count"]) for span in found["spans"]]

        return answer

    return build, load


def tokengrams(place: Path, folder: Path) -> tuple[Callable[[], Path], Callable[[], Callable[[np.ndarray], Spans]]]:
    from tokengrams import MemmapIndex

    tokens, index = str(folder / "tokens"), str(folder / "index")

    def build() -> Path:
        shutil.copy(place / "flat.bin", tokens)
        MemmapIndex.build(tokens, index, vocab=EOS + 1)
        return folder

    def load() -> Callable[[np.ndarray], Spans]:
        opened = MemmapIndex(tokens, index, vocab=EOS + 1)
        return lambda question: two_ends(question.tolist(), opened.contains, opened.count)

    return build, load


def fm_index(place: Path, folder: Path) -> tuple[Callable[[], Path], Callable[[], Callable[[np.ndarray], Spans]]]:
    import pickle

    from fm_index import FMIndex

    def text(ids: np.ndarray) -> str:
        points = ids.astype(np.uint32) + 1
        return (points + np.where(points >= 0xD800, 0x800, 0)).astype("<u4").tobytes().decode("utf-32-le")

    def build() -> Path:
        (folder / "index").write_bytes(pickle.dumps(FMIndex(text(np.fromfile(place / "flat.bin", np.uint16)))))
        return folder

    def load() -> Callable[[np.ndarray], Spans]:
        opened = pickle.loads((folder / "index").read_bytes())
        return lambda question: two_ends(text(question), opened.contains, opened.count)

    return build, load


PEERS = {"infini-gram": infini_gram, "tokengrams": tokengrams, "fm-index": fm_index}


def main() -> None:
    place, name = Path(sys.argv[1]), sys.argv[2]
    folder = place / name
    folder.mkdir()
    measure(place, *PEERS[name](place, folder))


if __name__ == "__main__":
    main()
