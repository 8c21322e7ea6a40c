"""OpenLineage: what a listener hears of stages that are computed, by the client's own transports and classes."""

from __future__ import annotations

import json
import logging
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from openlineage.client.event_v2 import InputDataset, Job, OutputDataset, Run, RunEvent, RunState
from openlineage.client.facet_v2 import (
    column_lineage_dataset,
    dataset_version_dataset,
    output_statistics_output_dataset,
    schema_dataset,
)

from corpus.lake import stages
from corpus.lake.announcements import is_configured
from corpus.lake.manifest import Counts, Manifest
from corpus.lake.openlineage_events import client
from corpus.lake.stage import Stage, publish_once
from corpus.lake.store import Lake
from corpus.sources import open_crawl
from pipelines.blocks import IngestConfig
from pipelines.cleaning import CleanConfig, clean
from pipelines.engine import Engine
from pipelines.ingestion import ingest

pytestmark = pytest.mark.usefixtures("in_process")


@pytest.fixture(autouse=True)
def unconfigured(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """No configuration of this machine; that of a test is read anew."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("OPENLINEAGE_URL", raising=False)
    client.cache_clear()
    yield
    client.cache_clear()


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """What the client's file transport writes, as openlineage.yml configures it."""
    path = tmp_path / "events.jsonl"
    settings = f"transport:\n  type: file\n  log_file_path: {path}\n  append: true\n"
    (tmp_path / "openlineage.yml").write_text(settings)
    return path


def read_events(lines: list[str]) -> list[RunEvent]:
    """The events as the client has them, which refuses one that the specification does not allow."""
    found = []
    for line in lines:
        value: dict[str, Any] = json.loads(line)
        assert value.pop("schemaURL").startswith("https://openlineage.io/spec/")
        found.append(
            RunEvent(
                eventType=RunState(value.pop("eventType")),
                run=Run(**value.pop("run")),
                job=Job(**value.pop("job")),
                inputs=[InputDataset(**one) for one in value.pop("inputs")],
                outputs=[OutputDataset(**one) for one in value.pop("outputs")],
                **value,
            )
        )
    return found


def compute_clean(folder: Path, crawl: Path) -> tuple[Lake, Manifest, Manifest]:
    lake, engine = Lake(str(folder / "lake")), Engine(workers=1)
    documents = ingest(lake, open_crawl(str(crawl)), IngestConfig(), engine).manifest
    return lake, documents, clean(lake, documents, CleanConfig(), engine).manifest


def test_every_dataset_that_is_computed_is_announced_when_it_starts_and_when_it_is_there(
    log: Path, tmp_path: Path, crawl_folder: Path
) -> None:
    lake, documents, cleaned = compute_clean(tmp_path, crawl_folder)
    events = read_events(log.read_text().splitlines())
    states = [(event.job.name, event.eventType) for event in events]
    partition = documents.partition
    assert states == [
        (f"{stage}/{partition}", state)
        for stage in ("documents", "measures", "clean")
        for state in (RunState.START, RunState.COMPLETE)
    ]
    assert len({event.run.runId for event in events}) == 3
    assert {event.job.namespace for event in events} == {f"file://{lake.root}"}
    [made] = events[-1].outputs
    assert made.name == cleaned.name
    assert [one.name for one in events[-1].inputs] == [documents.name, f"measures/{partition}"]
    assert [one.name for one in events[0].inputs] == [f"crawl/{partition}"]

    compute_clean(tmp_path, crawl_folder)  # found, and not computed
    assert len(log.read_text().splitlines()) == len(events)


def test_a_dataset_is_announced_with_version_columns_origin_of_columns_and_counts(
    log: Path, tmp_path: Path, crawl_folder: Path
) -> None:
    _, documents, cleaned = compute_clean(tmp_path, crawl_folder)
    event = read_events(log.read_text().splitlines())[-1]
    [made], source = event.outputs, event.inputs[0]
    facets = dict(made.facets)
    assert _facet(dataset_version_dataset.DatasetVersionDatasetFacet, facets).datasetVersion == cleaned.content()
    assert source.facets["version"]["datasetVersion"] == documents.content(("documents",))
    [kept] = [kind for kind in facets["schema"]["fields"] if kind["name"] == "documents"]
    assert {"doc_id", "warc_file", "warc_offset", "text"} <= {column["name"] for column in kept["fields"]}
    assert _facet(schema_dataset.SchemaDatasetFacet, {"x": facets["schema"]})

    fields = _facet(column_lineage_dataset.ColumnLineageDatasetFacet, {"x": facets["columnLineage"]}).fields
    [origin] = fields["documents.warc_offset"]["inputFields"]
    assert (origin["name"], origin["field"]) == (documents.name, "documents.warc_offset")
    assert origin["transformations"][0]["subtype"] == "IDENTITY"
    [text] = fields["documents.text"]["inputFields"]
    assert (text["transformations"][0]["subtype"], text["transformations"][0]["masking"]) == ("TRANSFORMATION", True)
    [language] = fields["documents.language"]["inputFields"]
    assert language["name"] == f"measures/{documents.partition}"

    statistics = _facet(output_statistics_output_dataset.OutputStatisticsOutputDatasetFacet, dict(made.outputFacets))
    assert (statistics.rowCount, statistics.size) == (cleaned.counts.kept, cleaned.total_bytes)
    assert facets["headwater_counts"]["dropped"] == dict(cleaned.counts.dropped)
    assert source.inputFacets["dataQualityMetrics"]["rowCount"] == documents.counts.kept


def _facet(kind: type[Any], facets: dict[str, Any]) -> Any:
    """The facet of that class, made of its JSON."""
    [value] = facets.values() if len(facets) == 1 else [facets["version"]]
    return kind(**{name: item for name, item in value.items() if not name.startswith("_")})


def failing(error: BaseException) -> Any:
    def make() -> tuple[Manifest, dict[str, Any]]:
        raise error

    return make


@pytest.mark.parametrize(
    ("error", "state"), [(ValueError("no page is left"), RunState.FAIL), (KeyboardInterrupt(), RunState.ABORT)]
)
def test_a_stage_that_fails_is_announced_with_its_error(
    error: BaseException, state: RunState, log: Path, tmp_path: Path
) -> None:
    stage = Stage(name=stages.CRAWL, partition="c", version=1, config=None, files={"a.warc": "1" * 64})
    with pytest.raises(type(error)):
        publish_once(Lake(str(tmp_path / "lake")), stage, failing(error))
    start, end = read_events(log.read_text().splitlines())
    assert (start.eventType, end.eventType) == (RunState.START, state)
    assert start.run.runId == end.run.runId
    assert type(error).__name__ in end.run.facets["errorMessage"]["message"]


@pytest.fixture
def received() -> Iterator[tuple[str, list[str]]]:
    """The URL of a listener, and the bodies that it was sent."""
    bodies: list[str] = []

    class Listener(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            bodies.append(self.rfile.read(int(self.headers["Content-Length"])).decode())
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Listener) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", bodies
        server.shutdown()
        thread.join()


def published(lake: Lake) -> Manifest:
    stage = Stage(name=stages.CRAWL, partition="c", version=1, config=None, files={"a.warc": "1" * 64})
    return publish_once(lake, stage, lambda: (stage.manifest([], Counts(records_in=0, kept=0)), {})).manifest


def test_a_listener_is_reached_by_its_url(
    received: tuple[str, list[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url, bodies = received
    monkeypatch.setenv("OPENLINEAGE__TRANSPORT__TYPE", "http")
    monkeypatch.setenv("OPENLINEAGE__TRANSPORT__URL", url)
    manifest = published(Lake(str(tmp_path / "lake")))
    client().transport.close()
    assert [event.eventType for event in read_events(bodies)] == [RunState.START, RunState.COMPLETE]
    assert json.loads(bodies[1])["outputs"][0]["facets"]["version"]["datasetVersion"] == manifest.content()


def test_no_dataset_is_lost_because_nobody_listens(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "openlineage.yml").write_text("transport:\n  type: file\n  log_file_path: /proc/none/events\n")
    lake = Lake(str(tmp_path / "lake"))
    with caplog.at_level(logging.WARNING, "corpus.lake.announcements"):
        published(lake)
    assert "an OpenLineage event could not be sent" in caplog.text
    assert len(list(lake.datasets())) == 1


def test_a_missing_package_is_named(
    log: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setitem(sys.modules, "corpus.lake.openlineage_events", None)
    with caplog.at_level(logging.WARNING, "corpus.lake.announcements"):
        published(Lake(str(tmp_path / "lake")))
    assert "pip install 'headwater[openlineage]'" in caplog.text


@pytest.mark.parametrize(
    ("variables", "configured"),
    [
        ({}, False),
        ({"OPENLINEAGE_URL": ""}, False),  # as deploy/compose.yaml sets it where it is not given
        ({"OPENLINEAGE_URL": "http://localhost:5000"}, True),
        ({"OPENLINEAGE__TRANSPORT__TYPE": "console"}, True),
        ({"OPENLINEAGE_URL": "http://localhost:5000", "OPENLINEAGE_DISABLED": "true"}, False),
        ({"OPENLINEAGE_DISABLED": "false"}, False),
    ],
)
def test_what_counts_as_configured(
    variables: dict[str, str], configured: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert is_configured() is configured
