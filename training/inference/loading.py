"""Checkpoints: whichever model lies in a folder, ready to be asked, and the digest that names it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import NamedTuple

import torch

from corpus.lake.manifest import canonical_json, sha256
from corpus.shards.reader import ShardSet
from training.checkpoints import checkpoint
from training.checkpoints.export import load_model, load_tokenizer, read_config
from training.checkpoints.files import file_digest
from training.inference.baselines import Unigram, untrained
from training.inference.model import Model, Trained


class Loaded(NamedTuple):
    model: Model
    digest: str


def load(folder: Path, device: torch.device) -> Loaded:
    """A checkpoint or run of ours, whose bytes are verified, or a Hugging Face folder with safetensors.

    Raises FileNotFoundError or ValueError when it is neither; DamagedError when bytes are not those that were saved.
    """
    if (folder / checkpoint.MANIFEST).is_file() or not (folder / "config.json").is_file():
        folder = checkpoint.find_checkpoint(folder)
        model = load_model(folder).to(device)
        return Loaded(Trained(model, load_tokenizer(folder / "tokenizer.json")), checkpoint.checkpoint_digest(folder))
    from training.inference.huggingface import HuggingFace  # transformers takes seconds to import

    return Loaded(HuggingFace(folder, device), _digest(folder))


def baselines(folder: Path, shards: ShardSet, device: torch.device) -> dict[str, Model]:
    """What a checkpoint of ours began from, and what counts the tokens it was trained on.

    Raises ValueError when it was not trained on these shards with their tokenizer.
    """
    folder = checkpoint.find_checkpoint(folder)
    run = json.loads((folder / "state.json").read_bytes())["run"]
    for what, saved, found in (
        ("tokenizer", run["tokenizer"], shards.index.tokenizer),
        ("shards", run["shards"], shards.fingerprint),
    ):
        if saved != found:
            raise ValueError(
                f"{folder} was trained with {what} {saved}, {shards.folder} has {found}; give its own shards"
            )
    config, tokenizer = read_config(folder), load_tokenizer(folder / "tokenizer.json")
    first = untrained(config, tokenizer, run["train"]["seed"])
    first.model.to(device)
    return {"untrained": first, "unigram": Unigram(shards, tokenizer, config.max_position_embeddings)}


def _digest(folder: Path) -> str:
    """Of all that decides what the model says: its configuration, tokenizer and weights."""
    kept = sorted(path for path in folder.iterdir() if path.suffix in (".json", ".safetensors", ".txt", ".model"))
    return sha256(canonical_json({path.name: file_digest(path) for path in kept}))
