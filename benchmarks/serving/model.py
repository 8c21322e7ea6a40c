"""Model: one with random weights, as a Hugging Face folder that both sides load."""

from __future__ import annotations

import pydoc
from pathlib import Path

from safetensors.torch import save_file

from benchmarks.train.tokens import EOS, train_tokenizer
from training.checkpoints.export import layout_files
from training.models.families import FAMILIES
from training.shape import Size

MODULES = ("argparse", "collections", "csv", "datetime", "decimal", "email", "fractions", "gzip", "inspect", "logging")


def write_model(folder: Path, *, layers: int, width: int, context: int) -> str:
    """Returns the text that its tokenizer was trained on, to take prompts from."""
    text = "\n\n".join(pydoc.plain(pydoc.render_doc(name)) for name in MODULES)
    tokenizer = train_tokenizer([text])
    size = Size(
        layers=layers,
        width=width,
        heads=width // 32,
        kv_heads=width // 32,
        head_width=32,
        feed_forward=3 * width,
        context=context,
        initial_weights=0.1,
    )
    config = FAMILIES["qwen3"].of_size(size, tokenizer.get_vocab_size(), tokenizer.token_to_id(EOS))
    for name, content in layout_files(config, tokenizer.to_str().encode()).items():
        (folder / name).write_bytes(content)
    save_file(config.build(seed=3).state_dict(), folder / "model.safetensors", {"format": "pt"})
    return text
