"""Measure: one model in a process of its own, on one thread: `python -m benchmarks.shrink.measure MODEL FOLDER`.

Prints JSON: size of the file, memory that the loaded model takes, tokens a second of the processor's time, and for each
held-out sequence the bits and the bytes.
"""

from __future__ import annotations

import json
import math
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from corpus.shards.reader import ShardSet
from training.checkpoints.export import load_causal, load_tokenizer
from training.checkpoints.start import open_start
from training.data.loader import IGNORED, Loader
from training.inference.decoding import decode
from training.inference.sampling import Sampling
from training.models.module import CausalModel

ROUNDS = 7
READ, WRITTEN = (8, 256), 128  # sequences and tokens that are read at once; tokens that are written one by one


def best_time(act: Callable[[], Any]) -> float:
    """Seconds of the processor's time, the least of several."""
    found = []
    for _ in range(ROUNDS):
        before = time.process_time()
        act()
        found.append(time.process_time() - before)
    return min(found)


@torch.no_grad()
def sequence_scores(model: CausalModel, folder: Path) -> tuple[list[float], list[int]]:
    """Bits and bytes of each held-out sequence."""
    shards, tokenizer = ShardSet(str(folder / "heldout")), load_tokenizer(folder / "tokenizer.json")
    loader = Loader(shards, context=model.config.max_position_embeddings, global_batch=1, seed=0)
    bits, lengths = list[float](), list[int]()
    for number in range(loader.sequences):
        batch = loader.read(torch.tensor([number]).numpy())
        logits = model.logits(torch.from_numpy(batch.tokens)).log_softmax(-1)
        targets = torch.from_numpy(batch.targets)
        chosen = logits.gather(-1, targets.clamp(min=0)[..., None])[..., 0]
        asked = targets != IGNORED
        bits.append(-float(chosen[asked].double().sum()) / math.log(2))
        lengths.append(len(tokenizer.decode(targets[asked].tolist(), skip_special_tokens=False).encode()))
    return bits, lengths


def main() -> None:
    place, folder = sys.argv[1], Path(sys.argv[2])
    torch.set_num_threads(1)
    start = open_start(place)
    model = load_causal(start.folder).eval()
    held = sum(part.numel() * part.element_size() for part in (*model.parameters(), *model.buffers()))
    tokens = torch.randint(0, model.config.vocab_size, READ, generator=torch.Generator().manual_seed(0))

    @torch.no_grad()
    def read() -> None:
        model.logits(tokens)

    def write() -> None:
        decode(model, [[model.config.eos_token_id]], max_tokens=WRITTEN, sampling=Sampling(temperature=0))

    bits, lengths = sequence_scores(model, folder)
    found = {
        "file": start.weights.stat().st_size,
        "held": held,
        "weights": start.model.parameters,
        "read": math.prod(READ) / best_time(read),
        "written": WRITTEN / best_time(write),
        "bits": bits,
        "bytes": lengths,
    }
    print(json.dumps(found))


if __name__ == "__main__":
    main()
