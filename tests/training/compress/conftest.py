"""Trained models to shrink, each made once."""

from __future__ import annotations

from pathlib import Path

import pytest
from small_corpus import Data, newest

from training.run.outdir import Outdir


@pytest.fixture(scope="session")
def trained(data: Data, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint whose widths are multiples of 32."""
    folder = tmp_path_factory.mktemp("trained")
    model = data.model(num_hidden_layers=4, num_key_value_heads=4)
    assert data.trainer(Outdir(folder), model=model, tokens=120 * 4 * 32, eval_every=60, checkpoint_every=60).run() == 0
    return newest(folder)
