"""Models to start from: of each family a small one with random weights, in a folder that transformers loads."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from safetensors.torch import save_file
from small_corpus import EOS, VOCABULARY, documents, train_tokenizer
from tokenizers import Tokenizer

from training.checkpoints.export import layout_files
from training.models.families import FAMILIES
from training.shape import Size

SIZE = Size(layers=2, width=32, heads=4, kv_heads=4, head_width=8, feed_forward=64, context=64, initial_weights=0.1)


def write_start(family: str, folder: Path) -> Path:
    tokenizer = _tokenizer()
    config = FAMILIES[family].of_size(SIZE, VOCABULARY, tokenizer.token_to_id(EOS))
    for name, content in layout_files(config, tokenizer.to_str().encode()).items():
        (folder / name).write_bytes(content)
    save_file(config.build(seed=3).state_dict(), folder / "model.safetensors")
    return folder


@cache
def _tokenizer() -> Tokenizer:
    return train_tokenizer(documents())
