from __future__ import annotations

from pathlib import Path

import pytest
from nodes import SMALL
from small_corpus import Data, run


@pytest.fixture(scope="session")
def unbroken(data: Data, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two ranks on one node, which nothing happens to."""
    out = tmp_path_factory.mktemp("unbroken") / "out"
    done = run(data.command(out, *SMALL, ranks=2))
    assert done.returncode == 0, done.stderr
    return out
