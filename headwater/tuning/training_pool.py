"""Training pool: how many runs may train at a time is a limit of Dagster, one unless somebody set another."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg

from corpus.lake.store import Lake
from dagster_project.instance import use_home

POOL = "training"  # of dagster_project.assets.model


@contextmanager
def training_at_once(lake: Lake, count: int) -> Iterator[None]:
    """Raises the limit where it is lower, and sets it back at the end. A process that is killed leaves it raised."""
    use_home(lake)
    with dg.DagsterInstance.get() as instance:
        limits = {limit.name: limit.limit for limit in instance.event_log_storage.get_pool_limits()}
        before = limits.get(POOL)
        if before is not None and before >= count:
            yield
            return
        instance.event_log_storage.set_concurrency_slots(POOL, count)
        try:
            yield
        finally:
            if before is None:
                instance.event_log_storage.delete_concurrency_limit(POOL)
            else:
                instance.event_log_storage.set_concurrency_slots(POOL, before)
