"""A recipe that cuts repeated text out has a stage for it; under another one the clean documents pass on."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace

import pytest
from graphs import SMALL, Graph

from corpus.audit.inspection import inspect
from corpus.audit.survey import make_survey
from corpus.lake.manifest import Manifest
from corpus.lake.store import Lake
from corpus.lineage.graph import sources
from corpus.repeats.lines import LineConfig
from corpus.repeats.spans import SpanConfig
from dagster_project.assets.document_stages import clean, contamination, documents, signatures, split, trimmed, unique
from dagster_project.lineage import datasets_of, latest
from dagster_project.partitions import crawl_recipe_key
from headwater.tracing.page_trace import trace_page
from headwater.tracing.trace_lines import page_lines
from pipelines.repeats import TrimConfig
from recipes import named as recipes

# Small pages of one crawl: two of them are enough.
TRIM = TrimConfig(lines=LineConfig(scope="crawl", documents=2, share=0.0), spans=SpanConfig(words=10))


@pytest.fixture(scope="module")
def cut(graph: Graph, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Graph]:
    """The graph under a recipe that cuts, with a lake of its own: other tests count the datasets of theirs."""
    folder = tmp_path_factory.mktemp("cut") / "lake"
    mine = replace(graph, lake=Lake(str(shutil.copytree(graph.lake.root, folder))))
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(recipes.RECIPES, "trimmed", replace(SMALL, trim=TRIM))
        assert mine.materialize([documents, clean, trimmed, signatures], crawl_recipe_key(graph.key, "trimmed")).success
        assert mine.materialize([unique, contamination, split], "trimmed").success
        yield mine


@pytest.fixture
def dataset(cut: Graph) -> Manifest:
    [manifest] = cut.lake.datasets("trimmed")
    return manifest


def test_without_it_the_clean_documents_pass_on(graph: Graph) -> None:
    passed = latest(graph.instance, "trimmed", str(crawl_recipe_key(graph.key, "base")))
    before = latest(graph.instance, "clean", str(crawl_recipe_key(graph.key, "base")))
    assert passed is not None and before is not None
    assert (passed["stage"], passed["datasets"]) == ("clean", before["datasets"])


def test_the_dataset_is_shown_with_what_was_cut(cut: Graph, dataset: Manifest) -> None:
    shown = latest(cut.instance, "trimmed", str(crawl_recipe_key(cut.key, "trimmed")))
    assert shown is not None
    assert (shown["stage"], shown["content"]) == ("trimmed", dataset.content())
    assert shown["dropped:only_repeated_text"] == dataset.counts.dropped["only_repeated_text"] > 0
    assert shown["repeated_span:cuts"] > 0 and "only_repeated_text" in shown["drops"]
    assert shown["dagster/row_count"] == dataset.counts.kept


def test_what_comes_next_is_made_of_it(cut: Graph, dataset: Manifest) -> None:
    found = latest(cut.instance, "unique", "trimmed")
    assert found is not None
    [manifest] = datasets_of(cut.lake, found)
    assert [source.digest for source in sources(cut.lake, manifest, "trimmed")] == [dataset.digest]


def test_the_funnel_has_the_stage(cut: Graph, dataset: Manifest) -> None:
    [before] = sources(cut.lake, dataset, "clean")
    config = SMALL.clean
    [whole, *_] = make_survey(cut.lake, [before], [dataset], config.rules, config.language_score).funnels
    assert whole.left["clean"] - whole.left["trimmed"] == dataset.counts.dropped["only_repeated_text"]
    assert whole.lost["trimmed"] == dict(dataset.counts.dropped)


def test_inspect_and_trace_know_it(cut: Graph, dataset: Manifest) -> None:
    [found] = inspect(cut.lake, "trimmed", crawl=None, reason="only_repeated_text", language=None, limit=5)
    assert found.found == dataset.counts.dropped["only_repeated_text"]
    lines = list(page_lines(trace_page(cut.lake, found.samples[0].doc_id.hex())))
    [removed] = [number for number, line in enumerate(lines) if "trimmed " in line and "only_repeated_text" in line]
    assert "cut, repeated_" in lines[removed + 1] and "first in " in lines[removed + 1]
