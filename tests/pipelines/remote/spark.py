"""Every stage on Spark, local and on a standalone cluster of two workers: `make test-spark`."""

from __future__ import annotations

from pathlib import Path

from every_stage import digests, run_stages

from pipelines.engine import Engine
from tests.pipelines.remote.clusters import spark_cluster
from tests.pipelines.remote.job_servers import job_server


def test_every_stage_on_local_spark(local_digests: dict[str, str], servers: Path, tmp_path: Path) -> None:
    with job_server("spark", "local[2]", servers) as flags:
        options = (*flags, "--environment_type=LOOPBACK")
        assert digests(run_stages(tmp_path, Engine(runner="PortableRunner", options=options))) == local_digests


def test_every_stage_on_two_workers(local_digests: dict[str, str], servers: Path, tmp_path: Path) -> None:
    with spark_cluster(servers) as cluster:
        engine = Engine(runner="PortableRunner", options=tuple(cluster.flags))
        assert digests(run_stages(tmp_path, engine)) == local_digests
