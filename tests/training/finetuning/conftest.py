"""Models to start from, each made once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from start_models import write_start


@pytest.fixture(scope="session")
def start(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The folder of a family."""
    folders = dict[str, Path]()

    def make(family: str) -> Path:
        if family not in folders:
            folders[family] = write_start(family, tmp_path_factory.mktemp(family))
        return folders[family]

    return make
