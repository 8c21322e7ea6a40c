"""Models to start from: of each family a small one with random weights, in a folder that transformers loads."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from safetensors.torch import save_file
from small_corpus import EOS, VOCABULARY, documents, train_tokenizer

from training.checkpoints.export import layout_files
from training.models.families import FAMILIES
from training.shape import Size

SIZE = Size(layers=2, width=32, heads=4, kv_heads=4, head_width=8, feed_forward=64, context=64, initial_weights=0.1)


@pytest.fixture(scope="session")
def start(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The folder of a family."""
    tokenizer = train_tokenizer(documents())
    folders = dict[str, Path]()

    def make(family: str) -> Path:
        if family not in folders:
            folder = folders[family] = tmp_path_factory.mktemp(family)
            config = FAMILIES[family].of_size(SIZE, VOCABULARY, tokenizer.token_to_id(EOS))
            model = config.build(seed=3)
            for name, content in layout_files(config, tokenizer.to_str().encode()).items():
                (folder / name).write_bytes(content)
            save_file(model.state_dict(), folder / "model.safetensors")
        return folders[family]

    return make
