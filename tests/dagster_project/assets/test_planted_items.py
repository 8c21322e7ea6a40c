"""Contamination in the graph: from a planted page in a WARC file to what the split lacks and what people are shown."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import dagster as dg
import pytest
from crawls import CHINESE, MODULES, YELLOW_RIVER, prose
from graphs import SMALL, Graph
from stages import publish

from corpus.audit.contamination import matches
from corpus.contamination.policy import CONTAMINATED, ContaminationConfig
from corpus.lake.manifest import Manifest
from corpus.lake.store import Lake
from dagster_project.assets.benchmarks import benchmark
from dagster_project.assets.crawls import crawl
from dagster_project.assets.document_stages import clean, contamination, documents, signatures, split, trimmed, unique
from dagster_project.lineage import datasets_of, latest
from dagster_project.metadata.contamination import section
from dagster_project.partitions import crawl_recipe_key
from dagster_project.report_page.page import templates
from headwater.cli import main
from headwater.tracing.page_trace import trace_page
from headwater.tracing.score_trace import trace_score
from headwater.tracing.trace_lines import page_lines, score_lines
from recipes import named as recipes

QUESTION = (
    "What happens to a copper wire of two metres when a current of nine amperes runs through it for one whole hour?"
)
ASKED = "一般认为望远镜是荷兰的商人发明的，而首位将望远镜用于天文观测的人是哪一位科学家？"
PARAPHRASE = QUESTION.replace("metres", "feet").replace("through", "along")
PLANTED = {"english": QUESTION, "chinese": ASKED, "paraphrase": PARAPHRASE}
SITE = "https://site.example/"


def pages() -> dict[str, str]:
    """Clean pages; three of them hold an item, one a phrase of it."""
    found = {f"{SITE}{name}": prose(name) for name in MODULES[:12] if len(prose(name).split()) > 120}
    long = [prose(name) for name in ("argparse", "logging", "tarfile")]
    found[f"{SITE}english"] = f"{long[0][3000:]}\n\n{QUESTION}\n\n{long[0][:900]}"
    found[f"{SITE}paraphrase"] = f"{long[1][3000:]}\n\n{PARAPHRASE}\n\n{long[1][:900]}"
    found[f"{SITE}innocent"] = f"{long[2][3000:]}\n\nA current of nine amperes runs through it.\n\n{long[2][:900]}"
    found[f"{SITE}chinese"] = f"{CHINESE}\n\n{ASKED}\n\n{YELLOW_RIVER}"
    return found


@dataclass(frozen=True, kw_only=True)
class Made:
    graph: Graph
    file: Path
    plain: Manifest  # the split without benchmarks, ...
    kept: Manifest  # ... of a recipe that keeps what has their items, ...
    split: Manifest  # ... and by default

    @property
    def lake(self) -> Lake:
        return self.graph.lake


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, make_warc: Callable[[Path, dict[str, str]], Path]) -> Iterator[Made]:
    folder = tmp_path_factory.mktemp("contaminated")
    file = make_warc(folder / "planted.warc.gz", pages())
    items = folder / "copa.jsonl"
    rest = {"choices": ["It gets cold.", "It gets warm."], "gold": 1}
    items.write_text("".join(json.dumps({"query": query, **rest}) + "\n" for query in (QUESTION, ASKED, "Why?")))
    with pytest.MonkeyPatch.context() as patch, dg.DagsterInstance.ephemeral() as instance:
        patch.setitem(recipes.RECIPES, "base", SMALL)
        instance.add_dynamic_partitions("crawls", [str(file)])
        instance.add_dynamic_partitions("recipes", ["base"])
        graph = Graph(instance=instance, lake=Lake(str(folder / "lake")), key=str(file))
        assert graph.materialize([crawl], graph.key).success
        assert graph.materialize([documents, clean, trimmed, signatures], crawl_recipe_key(graph.key, "base")).success
        assert graph.materialize([unique, contamination, split], "base").success
        plain = latest_split(graph)
        instance.add_dynamic_partitions("benchmarks", ["copa"])
        config = {"ops": {"benchmark": {"config": {"path": str(items)}}}}
        assert graph.materialize([benchmark], "copa", run_config=config).success
        patch.setitem(recipes.RECIPES, "base", replace(SMALL, contamination=ContaminationConfig(remove=False)))
        assert graph.materialize([contamination, split], "base").success
        kept = latest_split(graph)
        patch.setitem(recipes.RECIPES, "base", SMALL)
        assert graph.materialize([split], "base").success
        yield Made(graph=graph, file=file, plain=plain, kept=kept, split=latest_split(graph))


def latest_split(graph: Graph) -> Manifest:
    shown = latest(graph.instance, "split", "base")
    assert shown is not None
    [split] = datasets_of(graph.lake, shown)
    return split


def test_planted_pages_are_found_and_their_record_holds_the_text(made: Made) -> None:
    [found] = made.lake.datasets("contamination")
    rows = {row["url"].removeprefix(SITE): row for row in matches(made.lake, [found]).to_pylist()}
    assert {name: row["kind"] for name, row in rows.items()} == {
        "english": "ngram",
        "chinese": "ngram",
        "paraphrase": "near",
    }
    data = made.file.read_bytes()
    for name, row in rows.items():
        assert row["matched"] in PLANTED[name] and row["warc_file"] == made.file.name
        record = gzip.decompress(data[row["warc_offset"] : row["warc_offset"] + row["warc_length"]]).decode()
        assert f"WARC-Target-URI: {SITE}{name}\r\n" in record and row["matched"] in record


def test_they_are_not_trained_on_by_default(made: Made) -> None:
    dataset = made.split
    assert dataset.counts.dropped[CONTAMINATED] == 3 and dataset.counts.lost == 0
    kept = {
        row["url"]
        for kind in ("train", "heldout")
        for table in made.lake.read(dataset, kind)
        for row in table.to_pylist()
    }
    assert f"{SITE}innocent" in kept and not kept & {f"{SITE}{name}" for name in PLANTED}
    told = "\n".join(page_lines(trace_page(made.lake, f"{SITE}english")))
    assert re.search(r"split .*removed, benchmark_ngram 1 \(bound 0.5\) \[copa \w{16} query\]", told)
    assert told.endswith("provenance, not influence")


def test_a_score_is_followed_up_to_the_benchmark_that_cost_pages(made: Made) -> None:
    score = publish(made.lake, "score", "made_up:base", [made.split], {}, config={"task": "made_up"})
    said = {"task": "made_up", "score": None, "metric": "acc", "n": 0, "definition": "", "chance": None}
    said |= {"higher_is_better": True, "beside": {}}
    made.lake.write(f"{made.lake.folder(score)}/score/score.json", json.dumps(said).encode())
    lines = [line.strip() for line in score_lines(trace_score(made.lake, "made_up"))]
    [benchmark] = made.lake.datasets("benchmark")
    assert any(line.startswith(f"{benchmark.name}  {benchmark.digest[:12]}") for line in lines)
    assert any(line.startswith("file copa.jsonl") for line in lines)


def test_a_recipe_may_keep_them_and_still_tells(made: Made) -> None:
    assert made.kept == made.plain, "nothing is computed or copied for it"
    shown = latest(made.graph.instance, "contamination", "base")
    assert shown is not None and (shown["matched:copa"], shown["removals"]) == (2, 3)
    assert "| copa | 3 | 1 | 2 | 3 |" in shown["tasks"]


def test_the_command_shows_item_text_page_and_place(made: Made, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["contamination", "--lake", made.lake.url, "--limit", "9"]) == 0
    said = capsys.readouterr().out
    assert said.splitlines()[1].split() == ["copa", "3", "1", "2", "0", "3", "3"]
    assert re.search(r"copa \w{16}  query, 100% word for word", said) and re.search("query, [67][0-9]% nearly", said)
    assert f"| {QUESTION}" in said and f"| {ASKED}" in said and f"{SITE}paraphrase" in said
    assert f"{made.file.name} from " in said
    assert [line.strip() for line in said.splitlines()].count("removed") == 3
    assert main(["contamination", "--lake", made.lake.url, "--task", "copa", "--json", "--limit", "1"]) == 0
    task, match = map(json.loads, capsys.readouterr().out.splitlines())
    assert task["trained_on"] == 0 and match["text"] in (QUESTION, ASKED) and match["removed"] is True
    assert main(["contamination", "--lake", made.lake.url, "--task", "piqa"]) == 1
    assert "no task 'piqa': there are copa" in capsys.readouterr().err


def test_the_report_has_a_section(made: Made) -> None:
    template = templates().get_template("contamination.html")
    [found] = made.lake.datasets("contamination")
    page = template.render(contamination=section(made.lake, [found, made.split]))
    assert QUESTION in page and page.count("<br>\nremoved</td>") == 3 and made.file.name in page
    kept = template.render(contamination=section(made.lake, [found, made.kept]))
    assert kept.count("<br>\nkept</td>") == 3
    assert "none was looked for" in template.render(contamination=section(made.lake, [made.split]))


def test_nothing_was_compared_with(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["contamination", "--lake", str(tmp_path)]) == 1
    assert "was compared with no benchmark: `headwater demo --benchmark TASK=PATH` does that" in capsys.readouterr().err
