"""Pool: threads of a CPU that each compute a part of something whole, where torch would split every operation of it."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import torch

MAX_PARTS = 8  # each may hold gradients of its own; with more cores than this, a part computes on several


class ThreadPool:
    """Its threads wait for work between two steps."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(MAX_PARTS)

    def each(self, work: Callable[..., Any], parts: list[Any]) -> list[Any]:
        """work(*part) of each part, in a thread with its part of the cores and this thread's precision."""
        grad, autocast = torch.is_grad_enabled(), torch.is_autocast_enabled("cpu")
        dtype, threads = torch.get_autocast_dtype("cpu"), torch.get_num_threads()

        def run(part: Any) -> Any:
            torch.set_num_threads(threads // len(parts))
            with torch.set_grad_enabled(grad), torch.autocast("cpu", dtype, enabled=autocast):
                return work(*part)

        try:
            return list(self._pool.map(run, parts))
        finally:
            torch.set_num_threads(threads)
