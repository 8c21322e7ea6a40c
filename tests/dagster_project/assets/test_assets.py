"""The graph, asset by asset: from WARC files to scores in an ephemeral instance."""

from __future__ import annotations

import json
import re
from pathlib import Path

import dagster as dg
import pytest
from crawls import html, prose, response
from graphs import Graph

from corpus.audit.survey import make_survey
from corpus.duplicates.banding import DuplicateConfig
from corpus.lake.current import RecipeLake
from corpus.lake.store import Lake
from corpus.sources import open_crawl
from dagster_project import checks
from dagster_project.assets.document_stages import split, unique
from dagster_project.assets.model import checkpoint
from dagster_project.assets.reports import report
from dagster_project.definitions import clean, text_index
from dagster_project.lineage import datasets_of, latest
from dagster_project.metadata.duplicates import gather_duplicates
from dagster_project.metadata.funnels import of_clean
from dagster_project.metadata.sample_traces import trace_samples
from dagster_project.partitions import crawl_recipe_key
from dagster_project.report_page.page import render_report
from pipelines.blocks import IngestConfig
from pipelines.cleaning import CleanConfig
from pipelines.cleaning import clean as cleaning
from pipelines.engine import Engine
from pipelines.ingestion import ingest
from training.evaluation.catalog import HELD_OUT

OWN_SCRIPTS = re.compile(r"<script(?: type=\"application/json\" id=\"drawings\")?>.*?</script>", re.DOTALL)
STAGES = ("documents", "clean", "unique", "split", "items", "tokenizer", "tokens", "shards", "checkpoint")


def written_by_pages(page: str) -> str:
    """The report without its own scripts: the drawings as data, the library and what draws."""
    rest, scripts = OWN_SCRIPTS.subn("", page)
    assert scripts == 3
    return rest


def test_every_asset_shows_its_dataset(graph: Graph) -> None:
    for asset in STAGES:
        partition = str(crawl_recipe_key(graph.key, "base")) if asset in ("documents", "clean") else "base"
        metadata = latest(graph.instance, asset, partition)
        assert metadata is not None, asset
        [manifest] = datasets_of(graph.lake, metadata)
        assert (manifest.stage, manifest.content()) == (asset, metadata["content"])


def test_the_text_index_is_made_when_it_is_asked_for(graph: Graph) -> None:
    assert latest(graph.instance, "text_index", "base") is None
    assert graph.materialize([text_index], "base").success
    metadata = latest(graph.instance, "text_index", "base")
    assert metadata is not None
    [index], [shards] = datasets_of(graph.lake, metadata), list(graph.lake.datasets("shards"))
    assert index.figures["tokens"] == shards.figures["train_tokens"]


def test_signatures_count_documents_and_not_their_index(graph: Graph) -> None:
    key = str(crawl_recipe_key(graph.key, "base"))
    signed, before = latest(graph.instance, "signatures", key), latest(graph.instance, "trimmed", key)
    assert signed is not None and before is not None
    [trimmed] = datasets_of(graph.lake, before)
    documents = trimmed.counts.kept
    assert signed["dagster/row_count"] == signed["kept"] == documents


def test_the_data_version_is_the_content(graph: Graph) -> None:
    event = graph.instance.get_latest_materialization_event(dg.AssetKey("shards"))
    [manifest] = graph.lake.datasets("shards")
    assert event is not None and event.asset_materialization is not None
    assert (event.asset_materialization.tags or {})["dagster/data_version"] == manifest.content()


def test_drops_and_samples_are_shown(graph: Graph) -> None:
    metadata = latest(graph.instance, "clean", str(crawl_recipe_key(graph.key, "base")))
    assert metadata is not None
    assert "gopher_words" in metadata["drops"]
    assert "Too short to keep" in metadata["sample_dropped"].replace("\\", "")
    assert "site.example" in metadata["sample_kept"]


def test_clean_shows_its_funnel_languages_and_measures(graph: Graph) -> None:
    metadata = latest(graph.instance, "clean", str(crawl_recipe_key(graph.key, "base")))
    assert metadata is not None
    [manifest] = graph.lake.datasets("clean")
    assert "data:image/svg+xml;base64," in metadata["funnel"] and len(metadata["funnel"]) < 1_000
    assert metadata["dropped:gopher_words"] == manifest.counts.dropped["gopher_words"]
    assert metadata["kept_share"] == manifest.counts.kept / manifest.counts.records_in
    assert isinstance(metadata["median:words"], float)
    assert "| en |" in metadata["languages"] and "| zh |" in metadata["languages"]
    assert f"{manifest.counts.dropped['gopher_words']} fail" in metadata["measures"]
    assert metadata["measures"].count("data:image/svg+xml") == metadata["measures"].count("\n") - 1


def test_a_second_materialization_reuses_the_dataset(graph: Graph) -> None:
    before = latest(graph.instance, "split", "base")
    assert graph.materialize([split], "base").success
    after = latest(graph.instance, "split", "base")
    assert before is not None and after is not None
    assert after["reused"] is True and after["content"] == before["content"]


def test_two_materializations_at_once_are_one_dataset(graph: Graph) -> None:
    assert len(list(graph.lake.datasets("checkpoint"))) == 1
    assert checkpoint.op.pool == "training"


def test_scores_come_with_interval_and_baselines(graph: Graph) -> None:
    report = json.loads(Path(graph.lake.path("report", "base", "report.json")).read_text())
    assert set(report["scores"]) == {task.name for task in HELD_OUT}
    for result in report["scores"].values():
        assert result["beside"].keys() == {"untrained", "unigram"}
        for one in (result["score"], *result["beside"].values()):
            assert one["low"] <= one["value"] <= one["high"]
        assert result["n"] > 0
    assert report["scores"]["continuation"]["chance"] == 0.25


def test_the_report_is_one_page_and_escapes_what_pages_wrote(graph: Graph) -> None:
    page = Path(graph.lake.path("report", "base", "index.html")).read_text()
    report = json.loads(Path(graph.lake.path("report", "base", "report.json")).read_text())
    rest = written_by_pages(page)
    assert "<svg" in rest and "<script" not in rest and "src=" not in rest
    for row in report["stages"]:
        assert row["digest"][:12] in page


def test_the_report_has_every_crawl_and_language(graph: Graph) -> None:
    page = Path(graph.lake.path("report", "base", "index.html")).read_text()
    report = json.loads(Path(graph.lake.path("report", "base", "report.json")).read_text())
    [whole] = [funnel for funnel in report["funnels"] if funnel["language"] is None]
    assert whole["left"]["documents"] == report["documents"] and whole["left"]["unique"] == report["unique"]
    by_language = {funnel["language"]: funnel["left"] for funnel in report["funnels"] if funnel["crawl"] is None}
    assert by_language.keys() >= {"en", "zh", "ja", "de"}
    assert sum(left["clean"] for left in by_language.values()) == report["clean"]
    assert report["duplicates"]["removed"] == report["dropped"]["unique"] and "<h2>Duplicates</h2>" in page
    tokens = report["bytes_per_token_by_language"]
    assert tokens.keys() >= {"en", "zh", "ja", "de"} and tokens["en"]["train"] > 1.5 and "<h2>Tokens</h2>" in page
    assert "gopher_words at least 50, at most 1,000,000: " in page and "b.warc.gz at " in page


def test_what_a_model_copies_is_shown_with_the_record_that_holds_it(graph: Graph) -> None:
    lake = RecipeLake(graph.lake.url, "base")
    [checkpoint], [split] = lake.datasets("checkpoint"), lake.datasets("split")
    rows = [row for table in lake.read(split, "train") for row in table.to_pylist()]
    longest_line = max((line for row in rows for line in row["text"].splitlines()), key=len)
    copied = " ".join(longest_line.split()[2:-2])
    found = trace_samples(lake, checkpoint, [copied, "Zyx wvu 7391 qponm!", ""], Engine(workers=1))
    assert found is not None
    [some, *others] = found
    assert others == [[], []], "nothing is claimed of what stands nowhere"
    [longest, *_] = sorted(some, key=lambda span: -span["tokens"])
    holders = {row["url"]: row for row in rows if longest["text"] in row["text"]}
    assert longest["documents"] and len(longest["text"]) > len(copied) / 2
    for document in longest["documents"]:
        row = holders[document["url"]]
        assert (document["warc_file"], document["warc_offset"]) == (row["warc_file"], row["warc_offset"])
    report = json.loads(Path(graph.lake.path("report", "base", "report.json")).read_text())
    assert len(report["sample_traces"]) == len(report["sample"])


def test_a_report_of_the_same_datasets_is_not_written_again(graph: Graph) -> None:
    page, numbers = (Path(graph.lake.path("report", "base", name)) for name in ("index.html", "report.json"))
    found = json.loads(numbers.read_text())
    written = page.read_text()
    page.write_text("kept")
    assert graph.materialize([report], "base").success
    assert page.read_text() == "kept"
    numbers.write_text(json.dumps({**found, "made_of": "datasets of before"}))
    assert graph.materialize([report], "base").success
    assert page.read_text() == written and json.loads(numbers.read_text()) == found


def test_the_report_obeys_no_page(graph: Graph, tmp_path: Path) -> None:
    """What is dropped is read by whoever looks at the report."""
    script = "<script>alert(1)</script>"
    pages = [
        response(
            f"https://site.example/'\">{script}",
            html("t", "Too short").replace(b"<title>t", b"<title>&lt;/td>" + script.replace("<", "&lt;").encode()),
        ),
        response("https://site.example/mail", html("mail", f"Write to jane.doe@example.org {script}")),
        *(response(f"https://site.example/{name}", html(name, prose(name))) for name in ("argparse", "logging")),
    ]
    (tmp_path / "hostile.warc.gz").write_bytes(b"".join(pages))
    lake = Lake(str(tmp_path / "lake"))
    engine = Engine(workers=1)
    documents = ingest(lake, open_crawl(str(tmp_path / "hostile.warc.gz")), IngestConfig(), engine).manifest
    config = CleanConfig()
    cleaned = cleaning(lake, documents, config, engine).manifest
    surveyed = make_survey(lake, [cleaned], [], config.rules, config.language_score)
    report = json.loads(Path(graph.lake.path("report", "base", "report.json")).read_text())
    duplicates = gather_duplicates(graph.lake, list(graph.lake.datasets("unique")), DuplicateConfig())
    manifests = list(graph.lake.datasets())
    page = written_by_pages(render_report(graph.lake, manifests, report, surveyed, duplicates, None))
    assert "<script" not in page and "&lt;script&gt;alert(1)" in page and "src=" not in page
    assert "jane.doe" not in page and "&lt;EMAIL&gt;" in page
    metadata = of_clean(lake, cleaned, config)
    assert "<script" not in "".join(
        value.value for value in metadata.values() if isinstance(value, dg.MarkdownMetadataValue)
    )


def test_a_damaged_dataset_blocks_what_is_downstream(graph: Graph, tmp_path: Path) -> None:
    [manifest] = graph.lake.datasets("unique")
    path = Path(graph.lake.folder(manifest)) / manifest.of_kind("documents")[0].path
    sound = path.read_bytes()
    damaged = bytearray(sound)
    damaged[len(damaged) // 2] ^= 1
    path.write_bytes(damaged)
    try:
        result = graph.materialize([unique, split], "base", raise_on_error=False)
    finally:
        path.write_bytes(sound)
    assert not result.success
    assert not result.asset_materializations_for_node("split")


def test_lost_records_fail_the_conservation_check(graph: Graph) -> None:
    [manifest] = graph.lake.datasets("clean")
    assert checks.conservation(["documents"], manifest).passed
    assert not checks.conservation([], manifest).passed


@pytest.mark.parametrize(
    ("losses", "passed"), [([2.0, 1.0], True), ([2.0, float("nan")], False), ([], False), ([2.0, None], False)]
)
def test_a_loss_that_is_not_finite_blocks(losses: list[float | None], passed: bool) -> None:
    assert checks.loss_finite(losses).passed is passed


def test_an_asset_without_its_upstream_says_which(empty_graph: Graph, tmp_path: Path) -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        instance.add_dynamic_partitions("crawls", [empty_graph.key])
        instance.add_dynamic_partitions("recipes", ["base"])
        alone = Graph(instance=instance, lake=Lake(str(tmp_path)), key=empty_graph.key)
        with pytest.raises(dg.Failure, match=r"documents .* was never materialized"):
            alone.materialize([clean], crawl_recipe_key(empty_graph.key, "base"))
