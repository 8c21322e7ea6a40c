"""Encoder: a small BERT with random weights and a tokenizer of the texts that it is to learn from, made in seconds."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

from safetensors.torch import save_file

from benchmarks.train.tokens import EOS, train_tokenizer
from training.checkpoints.export import layout_files
from training.models.families import FAMILIES
from training.shape import Size

VOCABULARY = 2_048
SIZE = Size(layers=1, width=64, heads=4, kv_heads=4, head_width=16, feed_forward=128, context=64)


def write_encoder(folder: Path, texts: Sequence[str]) -> None:
    """As a folder that training/finetune.py starts from. Its rates are for learning from the first weight on."""
    if folder.is_dir():
        return
    partial = folder.with_name(f"{folder.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    tokenizer = train_tokenizer(texts, VOCABULARY)
    config = FAMILIES["bert"].of_size(SIZE, VOCABULARY, tokenizer.token_to_id(EOS))
    for name, content in layout_files(config, tokenizer.to_str().encode()).items():
        (partial / name).write_bytes(content)
    save_file(config.build(seed=0).state_dict(), partial / "model.safetensors")
    partial.rename(folder)
