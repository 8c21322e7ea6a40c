"""What the tests on engines of other machines compare with, and why they are left out where Java is missing."""

from __future__ import annotations

from pathlib import Path

import pytest
from every_stage import digests, run_stages

from pipelines.engine import Engine
from tests.pipelines.remote.job_servers import missing


@pytest.fixture(scope="session")
def local_digests(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Of every stage on this machine, which one worker and two make alike."""
    alone, two = (digests(run_stages(tmp_path_factory.mktemp("local"), Engine(workers=workers))) for workers in (1, 2))
    assert alone == two
    return alone


@pytest.fixture(scope="session")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for job servers and clusters, where there can be any."""
    if (why := missing()) is not None:
        pytest.skip(f"Flink and Spark are left out: {why}")
    return tmp_path_factory.mktemp("servers")
