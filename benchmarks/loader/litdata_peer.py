"""litdata: its TokensLoader over chunks of 64 MB of uint16, shuffled as it comes, in the process that takes the batches
(its data loader without workers).
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from litdata import StreamingDataLoader, StreamingDataset, TokensLoader, optimize

from benchmarks.loader.measure import SEQUENCES, forever, main

AT_ONCE = 1 << 20


def runs(part: tuple[str, int]) -> Iterator[torch.Tensor]:
    file, start = part
    data = np.memmap(file, dtype=np.uint16, mode="r")
    yield torch.from_numpy(data[start : start + AT_ONCE].copy())


def batches(place: Path, context: int) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    folder = place / "litdata"
    if not folder.exists():
        file = place / "flat.bin"
        parts = [(str(file), start) for start in range(0, file.stat().st_size // 2, AT_ONCE)]
        optimize(runs, parts, str(folder), chunk_bytes="64MB", item_loader=TokensLoader(), num_workers=1, verbose=False)
    found = StreamingDataset(
        str(folder), item_loader=TokensLoader(block_size=context + 1), shuffle=True, drop_last=True
    )

    def epoch() -> Iterator[torch.Tensor]:
        return iter(StreamingDataLoader(found, batch_size=SEQUENCES, num_workers=0))

    return forever(epoch)


if __name__ == "__main__":
    main(batches)
