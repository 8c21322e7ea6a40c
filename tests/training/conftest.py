from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch
from small_corpus import Data

torch.set_num_threads(1)  # the models of these tests are so small that a second thread only makes them slower


@pytest.fixture(scope="session")
def data(tmp_path_factory: pytest.TempPathFactory) -> Data:
    return Data(tmp_path_factory.mktemp("corpus"))


@pytest.fixture(autouse=True)
def same_torch() -> Iterator[None]:
    """A trainer fixes threads and determinism for its whole process; a test leaves them as they were."""
    threads, strict = torch.get_num_threads(), torch.are_deterministic_algorithms_enabled()
    yield
    torch.set_num_threads(threads)
    torch.use_deterministic_algorithms(strict)
