"""Start: the folder whose weights a run begins with, ours or Hugging Face's. Needs no torch.

config.json   model.safetensors   tokenizer.json, where there is one
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from corpus.lake.manifest import canonical_json, sha256
from training.checkpoints.checkpoint import find_checkpoint, is_ours
from training.checkpoints.files import file_digest
from training.checkpoints.stored import fetch_checkpoint
from training.models.config import ModelConfig
from training.models.families import read_model

CONFIG, WEIGHTS, TOKENIZER = "config.json", "model.safetensors", "tokenizer.json"


@dataclass(frozen=True, kw_only=True)
class Start:
    """`model`: the shape of the folder's model; `digest`: of all that is read of the folder, wherever it lies."""

    folder: Path
    model: ModelConfig
    digest: str

    @property
    def weights(self) -> Path:
        return self.folder / WEIGHTS

    @property
    def tokenizer(self) -> bytes | None:
        """The content of tokenizer.json, None where the folder has none."""
        path = self.folder / TOKENIZER
        return path.read_bytes() if path.is_file() else None


def open_start(place: str) -> Start:
    """A checkpoint or the newest one of a run, here or at a URL, whose bytes are verified; or a Hugging Face folder.

    Raises FileNotFoundError or ValueError when it is none of these, DamagedError when the bytes are not those saved.
    """
    folder = Path(place)
    if not folder.is_dir():
        folder = fetch_checkpoint(place)
    elif is_ours(folder):
        folder = find_checkpoint(folder)
    if not (folder / WEIGHTS).is_file():
        raise FileNotFoundError(f"{folder} has no {WEIGHTS}; give a folder with all weights in this one file")
    there = [name for name in (CONFIG, WEIGHTS, TOKENIZER) if (folder / name).is_file()]
    return Start(
        folder=folder,
        model=read_model(json.loads((folder / CONFIG).read_bytes()), where=str(folder / CONFIG)),
        digest=sha256(canonical_json({name: file_digest(folder / name) for name in there})),
    )
