"""The first stages on embedded Flink and local Spark: the same bytes as on this machine's own runner. `make test-flink`
and `make test-spark` run every stage, on clusters too."""

from __future__ import annotations

from pathlib import Path

import pytest
from crashing import Crash
from every_stage import digests, run_first_stages

from corpus.lake.stage import Stage
from corpus.lake.store import Lake
from pipelines.engine import Engine
from pipelines.parts import FileSplit, StageError
from pipelines.plan import compute, each_split
from tests.pipelines.remote.job_servers import job_server

MASTERS = {"flink": "[local]", "spark": "local[2]"}
PARALLEL = {"flink": ["--parallelism=2"], "spark": []}


@pytest.fixture(scope="module")
def wanted(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return digests(run_first_stages(tmp_path_factory.mktemp("local"), Engine(workers=2)))


@pytest.mark.parametrize("name", MASTERS)
def test_first_stages_are_the_same_and_errors_are_named(
    name: str, servers: Path, wanted: dict[str, str], tmp_path: Path
) -> None:
    with job_server(name, MASTERS[name], servers) as flags:
        engine = Engine(runner="PortableRunner", options=(*flags, "--environment_type=LOOPBACK", *PARALLEL[name]))
        assert digests(run_first_stages(tmp_path, engine)) == wanted

        splits = [FileSplit(name=f"part-{number}", weight=1, paths={}) for number in range(4)]
        stage, lake = Stage(name="test", partition="p", version=1, config=None), Lake(str(tmp_path / "crashing"))
        with pytest.raises(StageError, match=r"test/p: .*part-2: a worker ended with exit status 137"):
            compute(lake, stage, engine, lambda: each_split(splits, Crash()))
        assert not list(lake.datasets())
