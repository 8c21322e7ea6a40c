"""Published: the folder of a shrunk model, which is there whole or not at all, and is a checkpoint like any other.

config.json   model.safetensors   tokenizer.json, ...   state.json of the run that trained it, where it had one
metrics.jsonl    of further training, where there was any
shrunk.json      what was done, and to what
manifest.json    size and SHA-256 of every file
"""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from safetensors.torch import save_file
from torch import Tensor

from corpus.lake.local_files import sync
from corpus.lake.manifest import canonical_json
from training.checkpoints.checkpoint import MANIFEST, read_manifest, seal
from training.checkpoints.start import CONFIG, TOKENIZER, WEIGHTS

ABOUT = "shrunk.json"
# What a model's folder has besides its shape and its weights, where it has it.
COPIED = (TOKENIZER, "tokenizer_config.json", "generation_config.json", "special_tokens_map.json", "state.json")


def check_absent(out: Path) -> None:
    """Raises ValueError where something is there: nothing is written over."""
    if out.exists():
        raise ValueError(f"{out} is there already; give another --out")


@contextmanager
def unfinished(out: Path) -> Iterator[Path]:
    """A temporary name beside `out`, removed again whatever happens."""
    out.parent.mkdir(parents=True, exist_ok=True)
    partial = out.with_name(f".{out.name}.writing-{uuid.uuid4().hex}")
    try:
        yield partial
    finally:
        if partial.is_dir():
            shutil.rmtree(partial)
        else:
            partial.unlink(missing_ok=True)


def publish_model(
    out: Path,
    source: Path,
    config: Mapping[str, Any],
    tensors: Mapping[str, Tensor],
    about: Mapping[str, Any],
    metrics: Path | None = None,
) -> None:
    """`source`: the folder whose tokenizer it has; `metrics`: those of its training, where they are there. Raises
    ValueError where `out` is there."""
    check_absent(out)
    step = read_manifest(source)["step"] if (source / MANIFEST).is_file() else 0
    with unfinished(out) as folder:
        folder.mkdir()
        for name in COPIED:
            if (source / name).is_file():
                shutil.copyfile(source / name, folder / name)
        if metrics is not None and metrics.is_file():
            shutil.copyfile(metrics, folder / metrics.name)
        (folder / CONFIG).write_bytes(canonical_json(dict(config)))
        (folder / ABOUT).write_bytes(canonical_json(dict(about)))
        held = {name: value.detach().contiguous() for name, value in tensors.items()}
        save_file(held, folder / WEIGHTS, {"format": "pt"})
        seal(folder, step)
        os.rename(folder, out)
        sync(out.parent)
