"""Every stage on Flink, embedded and on a cluster of two task managers: `make test-flink`."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from every_stage import digests, run_first_stages, run_stages

from pipelines.engine import Engine
from pipelines.parts import Phase, StageError
from pipelines.remote.worker_code import announcement
from tests.pipelines.remote.clusters import FlinkCluster, flink_cluster
from tests.pipelines.remote.job_servers import free_port, job_server


@pytest.fixture(scope="module")
def cluster(servers: Path) -> Iterator[FlinkCluster]:
    with flink_cluster(servers) as started:
        yield started


def on(cluster: FlinkCluster) -> Engine:
    return Engine(runner="PortableRunner", options=tuple(cluster.flags))


def test_every_stage_on_the_embedded_cluster(local_digests: dict[str, str], servers: Path, tmp_path: Path) -> None:
    with job_server("flink", "[local]", servers) as flags:
        options = (*flags, "--environment_type=LOOPBACK", "--parallelism=2")
        assert digests(run_stages(tmp_path, Engine(runner="PortableRunner", options=options))) == local_digests


def test_every_stage_on_two_task_managers(local_digests: dict[str, str], cluster: FlinkCluster, tmp_path: Path) -> None:
    assert digests(run_stages(tmp_path, on(cluster))) == local_digests


@dataclass(frozen=True, kw_only=True)
class KillsWorkers(Engine):
    """A task manager is killed with SIGKILL, and replaced, as soon as a worker of the stage has begun. Where a job does
    not recover, it is run once more. `killed`, `again`: the stages of which that is true."""

    cluster: FlinkCluster
    killed: list[str] = field(default_factory=list)
    again: list[str] = field(default_factory=list)

    def run(self, lake_url: str, folder: str, phases: Sequence[Phase], label: str) -> None:
        ended = threading.Event()
        thread = threading.Thread(target=self._kill, args=(announcement(folder), label, ended))
        thread.start()
        try:
            super().run(lake_url, folder, phases, label)
        except Exception:
            if label not in self.killed:
                raise
            self.again.append(label)
            super().run(lake_url, folder, phases, label)
        finally:
            ended.set()
            thread.join()

    def _kill(self, begun: str, label: str, ended: threading.Event) -> None:
        while not ended.wait(0.01):
            if os.path.exists(begun):
                self.killed.append(label)
                self.cluster.replace_worker()
                return


def test_a_task_manager_killed_in_each_stage(
    local_digests: dict[str, str], cluster: FlinkCluster, tmp_path: Path
) -> None:
    engine = KillsWorkers(runner="PortableRunner", options=tuple(cluster.flags), cluster=cluster)
    assert digests(run_stages(tmp_path, engine)) == local_digests
    print(f"\nkilled in {len(engine.killed)} jobs, run again: {engine.again or 'none'}")
    stages = {name.partition("/")[0] for name in local_digests} - {"benchmark"}  # which is made without an engine
    assert set(engine.killed) == stages


def test_a_worker_that_cannot_start_ends_in_an_error(cluster: FlinkCluster, tmp_path: Path) -> None:
    """A pool whose Python has no Beam: Flink waits for its worker for ever."""
    (tmp_path / "bin").mkdir()
    python = tmp_path / "bin" / "python"
    python.write_text("#!/bin/sh\necho 'No module named apache_beam' >&2\nexit 1\n")
    python.chmod(0o755)
    port = free_port()
    pool = cluster.start(
        "beams-own-pool",
        [sys.executable, "-m", "apache_beam.runners.worker.worker_pool_main", f"--service_port={port}"],
        {"PATH": f"{python.parent}:{os.environ['PATH']}"},
    )
    flags = [flag for flag in cluster.flags if not flag.startswith("--environment_config")]
    engine = Engine(
        runner="PortableRunner", options=(*flags, f"--environment_config=localhost:{port}"), worker_timeout=30.0
    )
    started = time.monotonic()
    try:
        with pytest.raises(StageError, match=r"no worker of the engine has begun within 30 s.*look at the logs"):
            run_first_stages(tmp_path, engine)
    finally:
        cluster.kill(pool)
    assert time.monotonic() - started < 120
