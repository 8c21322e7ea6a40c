"""The job that Dataflow would get, built and validated without being submitted: `make test-dataflow`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "build" / "engines" / "dataflow"))

from apache_beam.options.pipeline_options import GoogleCloudOptions
from crashing import Count

from pipelines.engine import Engine
from pipelines.parts import FileSplit
from pipelines.plan import TOGETHER
from pipelines.remote import submission

OPTIONS = (
    "--project=my-project",
    "--region=europe-west1",
    "--temp_location=gs://bucket/temporary",
    "--staging_location=gs://bucket/staging",
    "--sdk_container_image=registry.example/headwater:1",
    "--no_auth",
    "--dry_run=True",
)


def test_the_job_of_a_stage_is_valid(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    submitted: list[Any] = []
    monkeypatch.setattr(submission, "wait_for_end", lambda result, *_: submitted.append(result))
    monkeypatch.setattr(
        GoogleCloudOptions, "_handle_temp_and_staging_locations", lambda *_: []
    )  # asks Google's storage
    splits = [
        FileSplit(name=f"part-{number:05d}", weight=number, paths={"documents": "a/b"}) for number in range(1_000)
    ]
    phases = [(splits, Count()), ([TOGETHER], Count())]
    Engine(runner="DataflowRunner", options=OPTIONS).run(str(tmp_path), f"{tmp_path}/clean/address", phases, "clean")

    [result] = submitted
    job = result.job.proto_pipeline
    names = [transform.unique_name for transform in job.components.transforms.values()]
    for phase in (1, 2):
        assert any(name.startswith(f"clean/Phase {phase}") for name in names), names
        assert any(name.startswith(f"clean/Deal out phase {phase}") for name in names), names
    images = {environment.payload for environment in job.components.environments.values()}
    assert any(b"registry.example/headwater:1" in image for image in images)
    assert job.ByteSize() < 10 * 2**20, "Dataflow refuses a job's description of more than 10 MB"
