"""A bare loop over one flat file in nanoGPT's manner: places drawn anew for each batch, no epochs, no state."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch

from benchmarks.loader.measure import SEQUENCES, main


def batches(place: Path, context: int) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    data = np.memmap(place / "flat.bin", dtype=np.uint16, mode="r")
    while True:
        starts = torch.randint(len(data) - context, (SEQUENCES,)).tolist()
        tokens = [torch.from_numpy(data[start : start + context].astype(np.int64)) for start in starts]
        targets = [torch.from_numpy(data[start + 1 : start + 1 + context].astype(np.int64)) for start in starts]
        yield torch.stack(tokens), torch.stack(targets)


if __name__ == "__main__":
    main(batches)
