"""mosaicml-streaming: sequences of context + 1 tokens as samples of MDS files, shuffled as it comes, in the process
that takes them (a DataLoader without workers).
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from streaming import MDSWriter, StreamingDataset
from torch.utils.data import DataLoader

from benchmarks.loader.measure import SEQUENCES, forever, main


def write(place: Path, folder: Path, context: int) -> None:
    data = np.memmap(place / "flat.bin", dtype=np.uint16, mode="r")
    count = (len(data) - 1) // context
    with MDSWriter(out=str(folder), columns={"tokens": f"ndarray:uint16:{context + 1}"}) as out:
        for sequence in range(count):
            out.write({"tokens": np.asarray(data[sequence * context : (sequence + 1) * context + 1])})


def batches(place: Path, context: int) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    folder = place / f"mds-{context}"
    if not folder.exists():
        write(place, folder, context)
    dataset = StreamingDataset(local=str(folder), shuffle=True, batch_size=SEQUENCES)
    loader = DataLoader(dataset, batch_size=SEQUENCES, drop_last=True)

    def epoch() -> Iterator[torch.Tensor]:
        return (sample["tokens"] for sample in loader)

    return forever(epoch)


if __name__ == "__main__":
    main(batches)
