"""Models to serve, and a server that the tests of one file share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from random_checkpoints import random_checkpoint
from served_models import CONTEXT, RunningServer, start_server
from serving_engines import start_engine
from small_corpus import Data

from training.serving.engine import Engine
from training.serving.served_model import ServedModel, load_served


@pytest.fixture(scope="session")
def served_folder(data: Data, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that continues texts."""
    folder = tmp_path_factory.mktemp("served")
    random_checkpoint(data, folder, CONTEXT)
    return folder


@pytest.fixture(scope="module")
def server(served_folder: Path) -> Iterator[RunningServer]:
    with start_server(served_folder, slots=4, queue=4, body_seconds=0.5, max_body=1 << 16) as running:
        yield running


@pytest.fixture(scope="module")
def served(served_folder: Path) -> ServedModel:
    return load_served(served_folder, "random")


@pytest.fixture
def engine(served: ServedModel) -> Iterator[Engine]:
    started = start_engine(served, frozenset())
    yield started
    started.stop()
