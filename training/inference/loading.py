"""Loading: the model of a folder, ours or Hugging Face's, with the digest that names it, and its baselines."""

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
from training.inference.baselines import Unigram, build_untrained
from training.inference.model import Model
from training.inference.scorers import build_scorer


class LoadedModel(NamedTuple):
    model: Model
    digest: str


def load_any(folder: Path, device: torch.device) -> LoadedModel:
    """The model of a checkpoint or of a run's newest one, whose bytes are verified, or of a Hugging Face folder.

    Raises FileNotFoundError or ValueError when it is none of these, DamagedError when the bytes are not those saved.
    """
    if checkpoint.is_ours(folder):
        folder = checkpoint.find_checkpoint(folder)
        model, tokenizer = load_model(folder).to(device), load_tokenizer(folder / "tokenizer.json")
        return LoadedModel(build_scorer(model, tokenizer), model_digest(folder))
    from training.inference.huggingface import HuggingFace  # transformers takes seconds to import

    return LoadedModel(HuggingFace(folder, device), model_digest(folder))


def load_baselines(folder: Path, shards: ShardSet, device: torch.device) -> dict[str, Model]:
    """By name: the checkpoint's model before training, and the unigram of the tokens that it was trained on.

    Raises ValueError when it was not trained on these shards with their tokenizer.
    """
    folder = checkpoint.find_checkpoint(folder)
    run = json.loads((folder / "state.json").read_bytes())["run"]
    for what, saved, given in (
        ("tokenizer", run["tokenizer"], shards.index.tokenizer),
        ("shards", run["shards"], shards.fingerprint),
    ):
        if saved != given:
            raise ValueError(
                f"{folder} was trained with {what} {saved}, {shards.folder} has {given}; give the same shards"
            )
    config, tokenizer = read_config(folder), load_tokenizer(folder / "tokenizer.json")
    untrained = build_untrained(config, tokenizer, run["train"]["seed"])
    untrained.model.to(device)
    return {"untrained": untrained, "unigram": Unigram(shards, tokenizer, config.max_position_embeddings)}


def model_digest(folder: Path) -> str:
    """SHA-256 of a checkpoint's manifest, or over all that decides what a Hugging Face folder computes: configuration,
    tokenizer and weights."""
    if (folder / checkpoint.MANIFEST).is_file():
        return checkpoint.checkpoint_digest(folder)
    paths = sorted(path for path in folder.iterdir() if path.suffix in (".json", ".safetensors", ".txt", ".model"))
    return sha256(canonical_json({path.name: file_digest(path) for path in paths}))
