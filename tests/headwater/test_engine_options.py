"""Where a command computes: what is typed reaches the stages, and a flag for no runner is refused."""

from __future__ import annotations

import os

import pytest

from dagster_project.resources import EngineResource, default_resources
from headwater.engine_options import add_engine, chosen_engine
from headwater.options import Parser
from pipelines.engine import Engine


def engine(*words: str) -> Engine:
    parser = Parser(prog="headwater demo")
    add_engine(parser)
    return chosen_engine(parser.parse_args(words))


def test_a_runner_and_its_flags_reach_the_stages() -> None:
    flags = ("--flink_master=host:8081", "--parallelism=8")
    typed = engine("--runner", "FlinkRunner", *(f"--runner-option={flag}" for flag in flags))
    assert typed == Engine(runner="FlinkRunner", options=flags)
    assert EngineResource.of(typed).open() == typed


def test_without_options_all_processors_of_this_machine_are_used() -> None:
    assert engine() == Engine(workers=os.cpu_count() or 1)
    assert engine("--workers", "1") == Engine(workers=1)


def test_flags_of_no_runner_are_refused() -> None:
    with pytest.raises(ValueError, match="--parallelism=8: FnApiRunner has no options; they are for another runner"):
        engine("--runner-option=--parallelism=8")


def test_no_workers_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        engine("--workers", "0")
    assert "argument --workers: 0 is less than 1" in capsys.readouterr().err


def test_dagster_takes_the_runner_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEADWATER_RUNNER", "SparkRunner")
    monkeypatch.setenv("HEADWATER_RUNNER_OPTIONS", "--spark_master_url=local[2] '--name=a b'")
    resource = default_resources()["engine"]
    assert isinstance(resource, EngineResource)
    assert resource.open() == Engine(runner="SparkRunner", options=("--spark_master_url=local[2]", "--name=a b"))
