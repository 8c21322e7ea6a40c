"""Deduplicate: crawl by crawl, only for documents that stay, and the same however it is run."""

from __future__ import annotations

import random
import shutil
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest
from all_pairs import jaccard, shingle_set
from collections_of_text import clean_crawl, families, ledger_of, texts_of

from corpus.duplicates.banding import DuplicateConfig
from corpus.lake.manifest import Manifest
from corpus.lake.store import Lake
from pipelines.deduplication import deduplicate
from pipelines.duplicates import splits
from pipelines.duplicates.signatures import sign
from pipelines.duplicates.signed import Signed
from pipelines.duplicates.stage import find_duplicates
from pipelines.engine import Engine
from pipelines.parts import StageError

ONE = Engine(workers=1)
CONFIG = DuplicateConfig()
CRAWLS = ("a-first", "b-second", "c-third")


def unique(lake: Lake, cleans: Sequence[Manifest], config: DuplicateConfig = CONFIG) -> list[Manifest]:
    return [outcome.manifest for outcome in deduplicate(lake, cleans, config, ONE)]


def publish_crawls(lake: Lake, texts: Sequence[str]) -> list[Manifest]:
    return [clean_crawl(lake, name, texts[place :: len(CRAWLS)]) for place, name in enumerate(CRAWLS)]


@pytest.fixture(scope="module")
def texts() -> list[str]:
    return families(seed=11, count=120) + families(seed=12, count=20, unspaced=True)


@pytest.fixture(scope="module")
def lake(texts: list[str], tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """Three crawls, deduplicated in one go."""
    made = Lake(str(tmp_path_factory.mktemp("lake")))
    unique(made, publish_crawls(made, texts))
    return made


def prose(words: int) -> str:
    return " ".join(f"word{random.Random(4 + place).randrange(10**6)}" for place in range(words))


def greedy(lake: Lake, cleans: Sequence[Manifest], threshold: float) -> set[bytes]:
    """The documents that stay when every pair is compared, in the keeper's order."""
    rows = [
        ((crawl, -len(row["text"]), position), row["doc_id"], shingle_set(row["text"]))
        for crawl, clean in enumerate(cleans)
        for position, row in enumerate(row for table in lake.read(clean, "documents") for row in table.to_pylist())
    ]
    staying: dict[bytes, frozenset[tuple[str, ...]]] = {}
    for _, doc_id, mine in sorted(rows):
        if all(jaccard(mine, keeper) < threshold for keeper in staying.values()):
            staying[doc_id] = mine
    return set(staying)


def test_what_stays_is_what_comparing_all_pairs_would_keep(lake: Lake) -> None:
    cleans, uniques = list(lake.datasets("clean")), list(lake.datasets("unique"))
    kept = {doc_id for manifest in uniques for doc_id in texts_of(lake, manifest)}
    assert kept == greedy(lake, cleans, CONFIG.threshold)
    gone = sum(manifest.counts.dropped["near_duplicate"] for manifest in uniques)
    assert gone > 30 and sum(manifest.counts.dropped["exact_duplicate"] for manifest in uniques) > 3


def test_every_removal_names_a_document_that_stays_and_what_was_measured(lake: Lake) -> None:
    uniques = list(lake.datasets("unique"))
    kept = {doc_id: text for manifest in uniques for doc_id, text in texts_of(lake, manifest).items()}
    texts = {doc_id: text for manifest in lake.datasets("clean") for doc_id, text in texts_of(lake, manifest).items()}
    across = 0
    for manifest in uniques:
        own = texts_of(lake, manifest)
        for row in ledger_of(lake, manifest):
            found = jaccard(shingle_set(texts[row["doc_id"]]), shingle_set(kept[row["keeper"]]))
            assert found == pytest.approx(row["similarity"], abs=1e-12) and found >= CONFIG.threshold
            assert (row["reason"] == "exact_duplicate") <= (found == 1)
            if row["reason"] == "near_duplicate":
                assert row["rules"] == [{"rule": "jaccard", "value": row["similarity"], "threshold": 0.8}]
            across += row["keeper"] not in own
    assert across > 20, "some went for a document of an earlier crawl"


def test_crawls_added_one_by_one_leave_what_one_go_leaves(lake: Lake, texts: list[str], tmp_path: Path) -> None:
    growing = Lake(str(tmp_path))
    cleans = publish_crawls(growing, texts)
    before: list[str] = []
    for count in (1, 2, 3):
        outcomes = deduplicate(growing, cleans[:count], CONFIG, ONE)
        assert [outcome.reused for outcome in outcomes] == [True] * (count - 1) + [False]
        found = [outcome.manifest.digest for outcome in outcomes]
        assert found[:-1] == before, "what an earlier crawl kept is not touched"
        before = found
    assert before == [manifest.digest for manifest in lake.datasets("unique")]


def test_of_an_earlier_crawl_only_the_index_and_the_texts_of_candidates_that_stay_are_read(tmp_path: Path) -> None:
    """Its clean documents may be gone, and of the unique ones all files that hold no candidate."""
    lake = Lake(str(tmp_path))
    copied = prose(200)
    first = clean_crawl(lake, "a", [*families(seed=1, count=30), f"Copied: {copied}"], parts=4)
    [before] = unique(lake, [first])
    shutil.rmtree(Path(lake.folder(first), "documents"))
    for entry in before.of_kind("documents"):
        path = Path(lake.folder(before), entry.path)
        if not any("Copied" in row["text"] for row in lake.read_table(str(path), ["text"]).to_pylist()):
            path.write_bytes(b"gone")
    second = clean_crawl(lake, "b", [f"{copied.upper()}!", *families(seed=2, count=5)])
    again, after = unique(lake, [first, second])
    assert again == before
    assert [row["reason"] for row in ledger_of(lake, after) if row["keeper"] not in texts_of(lake, after)] == [
        "near_duplicate"
    ]


@pytest.mark.usefixtures("in_process")
@pytest.mark.parametrize("same_url", ["keep", "latest"])
def test_dealt_out_in_small_pieces_the_same_documents_stay(
    same_url: str, texts: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Runs, ranges of keys and bins that a worker could hold many times over: as for crawls that it could not."""
    config = DuplicateConfig(same_url=same_url)  # type: ignore[arg-type]
    whole, divided = Lake(str(tmp_path / "whole")), Lake(str(tmp_path / "divided"))
    wanted = survivors(whole, texts, config)
    monkeypatch.setattr(splits, "TOGETHER", 90)
    monkeypatch.setattr(splits, "TEXTS", 10)
    assert survivors(divided, texts, config) == wanted
    first, *_ = divided.datasets("signatures")
    *_, last = divided.datasets("duplicates")
    assert len(list(first.of_kind("ids"))) > 1 and len(list(last.of_kind("removals"))) > 1
    assert {entry.path.split("/")[0] for entry in last.files} == {"removals"}, "nothing is left of the steps between"


def survivors(lake: Lake, texts: Sequence[str], config: DuplicateConfig) -> list[list[str]]:
    """Of crawls in which every URL has some documents: the digests of the files of each unique dataset."""
    rows = [{"text": text, "url": f"https://site.example/{place % 150}"} for place, text in enumerate(texts)]
    cleans = [clean_crawl(lake, name, rows[place::3], parts=4) for place, name in enumerate(CRAWLS)]
    return [[entry.sha256 for entry in manifest.files] for manifest in unique(lake, cleans, config)]


def test_the_order_of_crawls_is_that_of_their_names_or_the_recipes(lake: Lake, tmp_path: Path) -> None:
    cleans, digests = list(lake.datasets("clean")), [manifest.digest for manifest in lake.datasets("unique")]
    assert [manifest.digest for manifest in unique(lake, cleans[::-1])] == digests
    listed = unique(lake, cleans, DuplicateConfig(crawls=("c-third",)))
    assert [manifest.partition for manifest in listed] == ["c-third", "a-first", "b-second"]
    kept = {doc_id for manifest in listed for doc_id in texts_of(lake, manifest)}
    assert kept == greedy(lake, [cleans[2], *cleans[:2]], CONFIG.threshold)


def test_nothing_is_looked_for_where_the_recipe_says_so(lake: Lake) -> None:
    cleans = list(lake.datasets("clean"))
    found = unique(lake, cleans, DuplicateConfig(scope="off"))
    assert [texts_of(lake, manifest) for manifest in found] == [texts_of(lake, manifest) for manifest in cleans]
    assert all(manifest.counts.lost == 0 and manifest.counts.kept == manifest.counts.records_in for manifest in found)


def test_each_crawl_alone(lake: Lake) -> None:
    apart = unique(lake, list(lake.datasets("clean")), DuplicateConfig(scope="apart"))
    for clean, manifest in zip(lake.datasets("clean"), apart, strict=True):
        assert set(texts_of(lake, manifest)) == greedy(lake, [clean], CONFIG.threshold)
    together = [manifest for manifest in lake.datasets("unique") if manifest.partition == "c-third"]
    assert apart[2].counts.kept > min(manifest.counts.kept for manifest in together)


def fetched(day: int, url: str, text: str) -> dict[str, object]:
    return {"fetched_at": datetime(2026, 1, day, tzinfo=UTC), "url": url, "text": text}


@pytest.mark.parametrize(
    ("same_url", "stays"), [("keep", {"one", "two", "three"}), ("first", {"one"}), ("latest", {"two"})]
)
def test_one_document_a_url(same_url: str, stays: set[str], tmp_path: Path) -> None:
    lake = Lake(str(tmp_path))
    versions = [("three", 5, "http://www.site.example/page"), ("one", 2, "https://site.example:443/page#top")]
    versions += [("two", 9, "HTTPS://Site.example/page")]
    rows = [fetched(day, url, f"{name} " * 100) for name, day, url in versions]
    config = DuplicateConfig(same_url=same_url)  # type: ignore[arg-type]
    clean = clean_crawl(lake, "a", [*rows, {"url": None, "text": "x y z " * 50}, {"url": None, "text": "p q r " * 50}])
    [first] = unique(lake, [clean], config)
    kept = texts_of(lake, first)
    assert {text.split()[0] for text in kept.values()} == {*stays, "x", "p"}, "no URL is not one URL"
    assert all(row["keeper"] in kept and row["similarity"] is None for row in ledger_of(lake, first))

    newer = clean_crawl(lake, "b", [fetched(20, "https://site.example/page", "four " * 100)])
    again, second = unique(lake, [clean, newer], config)
    assert again == first, "an earlier crawl's document stays, however old"
    assert second.counts.kept == (1 if same_url == "keep" else 0)


def test_the_keeper_of_a_url_that_goes_itself_hands_its_document_on(tmp_path: Path) -> None:
    lake = Lake(str(tmp_path))
    old = prose(200)
    rows = [{"text": f"{old} and into the sea", "url": "https://z.example/"}]
    rows += [fetched(1, "https://a.example/", old), fetched(2, "https://a.example/", "another text " * 60)]
    [found] = unique(lake, [clean_crawl(lake, "a", rows)], DuplicateConfig(same_url="first"))
    [keeper] = texts_of(lake, found)
    assert {(row["reason"], row["keeper"]) for row in ledger_of(lake, found)} == {
        ("near_duplicate", keeper),
        ("same_url", keeper),
    }


def test_a_document_that_another_contains(tmp_path: Path) -> None:
    lake = Lake(str(tmp_path))
    whole = prose(200).split()
    clean = clean_crawl(lake, "a", [" ".join(whole), " ".join(whole[40:])])
    [by_jaccard] = unique(lake, [clean], DuplicateConfig(threshold=0.9))
    [contained] = unique(lake, [clean], DuplicateConfig(threshold=0.9, measure="containment"))
    assert (by_jaccard.counts.kept, contained.counts.kept) == (2, 1)
    [row] = ledger_of(lake, contained)
    assert row["similarity"] == 1 and row["rules"][0]["rule"] == "containment"


def test_two_crawls_of_one_name_are_refused(tmp_path: Path) -> None:
    one, other = Lake(str(tmp_path / "one")), Lake(str(tmp_path / "other"))
    cleans = [clean_crawl(one, "a", ["a b c d e"]), clean_crawl(other, "a", ["f g h i j"])]
    with pytest.raises(StageError, match="two crawls of one name"):
        deduplicate(one, cleans, CONFIG, ONE)


def test_signatures_that_were_made_otherwise_are_refused(tmp_path: Path) -> None:
    lake = Lake(str(tmp_path))
    clean = clean_crawl(lake, "a", ["a b c d e f"])
    other = sign(lake, clean, DuplicateConfig(threshold=0.9).signing(), ONE).manifest
    with pytest.raises(StageError, match=r"signatures/a was signed with .*'rows': 6.* wanted is .*'rows': 4"):
        find_duplicates(lake, Signed(documents=clean, signatures=other), [], CONFIG, ONE)
    assert not list(lake.datasets("duplicates"))
