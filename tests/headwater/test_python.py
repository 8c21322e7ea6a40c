"""`import headwater`: the code of docs/python.md, run as it stands, and what the reader of a lake refuses."""

from __future__ import annotations

import dataclasses
import re
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from graphs import Graph

import headwater
from headwater.lake_reader import SCORES, LakeReader
from headwater.reports import CURVE

ROOT = Path(__file__).parents[2]
BLOCKS = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "python.md").read_text(), re.DOTALL)


@pytest.fixture
def lake(graph: Graph) -> LakeReader:
    return headwater.open(graph.lake.url)


def test_the_code_of_the_documentation_runs(
    graph: Graph, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / ".headwater").symlink_to(graph.lake.root)
    monkeypatch.chdir(tmp_path)
    assert len(BLOCKS) > 4
    exec("\n".join(BLOCKS), {})
    assert "clean my-crawl" in capsys.readouterr().out


def test_datasets_are_those_of_the_manifests(lake: LakeReader, graph: Graph) -> None:
    manifests = {manifest.digest: manifest for manifest in graph.lake.datasets()}
    for dataset in lake.datasets():
        manifest = manifests[dataset.digest]
        assert (dataset.stage, dataset.partition, dataset.kept) == (
            manifest.stage,
            manifest.partition,
            manifest.counts.kept,
        )
    assert {"crawl", "documents", "clean", "shards", "checkpoint"} <= {dataset.stage for dataset in lake.datasets()}
    [clean] = lake.datasets("clean")
    assert lake.datasets(address=clean.address[:10]) == [clean]
    assert lake.read(clean, "documents", ["url"]).num_rows == clean.kept
    with pytest.raises(dataclasses.FrozenInstanceError):
        clean.kept = 0  # type: ignore[misc]


def test_documents_and_ledger_account_for_every_record(lake: LakeReader) -> None:
    [clean] = lake.datasets("clean")
    documents, ledger = lake.documents("clean"), lake.ledger("clean")
    assert documents.num_rows + ledger.num_rows == clean.records_in
    assert set(documents["doc_id"].to_pylist()).isdisjoint(ledger["doc_id"].to_pylist())
    counts = {entry["values"]: entry["counts"] for entry in pc.value_counts(ledger["reason"]).to_pylist()}
    assert counts == dict(clean.dropped)
    assert lake.documents("split", ["url"]).column_names == ["url"]
    assert lake.ledger().num_rows > ledger.num_rows


def test_scores_and_report_have_the_same_numbers(lake: LakeReader) -> None:
    scores, report = lake.scores(), lake.report()
    assert scores.schema == SCORES and report.learning_curve.schema == CURVE
    values = {row["task"]: row["value"] for row in scores.to_pylist()}
    reported = {task: score["score"]["value"] for task, score in report.values["scores"].items()}
    assert reported and reported.items() <= values.items()  # a prepared benchmark may have been scored after the report
    by_stage = report.dropped.group_by("stage").aggregate([("records", "sum")]).to_pylist()
    assert {row["stage"]: row["records_sum"] for row in by_stage} == {
        stage: sum(reasons.values()) for stage, reasons in report.values["dropped"].items()
    }
    assert report.learning_curve.num_rows == len(report.values["scores"]) * len(
        report.values["learning_curve"]["points"]
    )


def test_a_trace_leads_to_the_steps_and_back(lake: LakeReader) -> None:
    [step] = lake.trace_step(1)
    document = next(iter(step.sequences.values()))[0]
    [page] = lake.trace(document.doc_id)
    assert page.url == document.url and page.unchanged is True
    assert 1 in [number for position in page.positions for reading in position.readings for number in reading.steps]
    [removed] = lake.trace("https://site.example/short")
    assert removed.stages[-1].reason is not None and "gopher_words 5" in removed.stages[-1].reason
    assert removed.positions == ()


def test_what_there_is_not_is_named(lake: LakeReader, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"no dataset of stage 'cleen' in the lake .*; did you mean clean\?"):
        lake.datasets("cleen")
    with pytest.raises(ValueError, match="no documents in stage 'tokens': choose from documents, clean"):
        lake.documents("tokens")
    with pytest.raises(ValueError, match="has no files of kind 'texts': it has documents, ledger"):
        lake.read(lake.datasets("clean")[0], "texts")
    with pytest.raises(FileNotFoundError, match="there is no lake at"):
        headwater.open(tmp_path / "none")
    with pytest.raises(FileNotFoundError, match="no report in the lake"):
        headwater.open(tmp_path).report()


def test_tables_are_arrow(lake: LakeReader) -> None:
    assert all(isinstance(table, pa.Table) for table in (lake.documents(), lake.ledger(), lake.scores()))


def test_the_package_is_typed(tmp_path: Path) -> None:
    """A type checker of whoever imports it knows what `open` returns."""
    code = "import headwater\nreveal_type(headwater.open('x').datasets())\nheadwater.open('x').scores().num_rows\n"
    (tmp_path / "uses.py").write_text(code)
    command = [sys.executable, "-m", "mypy", "--config-file", "", "--ignore-missing-imports", "--follow-imports=silent"]
    done = subprocess.run([*command, str(tmp_path / "uses.py")], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    assert 'Revealed type is "list[headwater.lake_reader.Dataset]"' in done.stdout.replace("builtins.", "")
