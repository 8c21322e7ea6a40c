"""Faults of deduplication: what a collection or a machine may do to it, and what must come of it: test_faults.py."""

from __future__ import annotations

import json
import os
import random
import resource
import subprocess
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from all_pairs import jaccard, shingle_set
from collections_of_text import clean_crawl, families, ledger_of, texts_of

from corpus.duplicates.banding import DuplicateConfig, candidate_probability
from corpus.duplicates.clusters import ShingleSets, find_exact_duplicates, find_near_duplicates
from corpus.duplicates.groups import combine_groups, group_by_key
from corpus.duplicates.minhash import compute_band_keys
from corpus.duplicates.shingles import compute_shingle_sets
from corpus.lake.store import Lake
from corpus.lake.verification import find_damage
from pipelines.deduplication import deduplicate
from pipelines.duplicates.signatures import sign
from pipelines.engine import Engine
from pipelines.parts import StageError

CONFIG = DuplicateConfig()
ONE = Engine(workers=1)


def test_all_documents_equal(tmp_path: Path) -> None:
    lake = Lake(str(tmp_path))
    clean = clean_crawl(lake, "a", ["the same page, once more, for every address of the site"] * 3_000)
    [found] = [outcome.manifest for outcome in deduplicate(lake, [clean], CONFIG, ONE)]
    assert found.counts.kept == 1 and found.counts.dropped == {"exact_duplicate": 2_999}
    [keeper] = texts_of(lake, found)
    assert {row["keeper"] for row in ledger_of(lake, found)} == {keeper}


@pytest.mark.parametrize("equal", [True, False])
def test_a_bucket_of_a_million(equal: bool) -> None:
    """A million documents that share all of 28 bands, equal ones or each with a shingle of its own: everything is
    removed for the first, in 400 bytes a document beside what is given."""
    count, bands = 10**6, 28
    documents = np.arange(count, dtype=np.uint64)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    if equal:
        found = find_exact_duplicates(np.full((count, 2), 7, np.uint64), documents)
    else:
        groups = combine_groups(group_by_key(np.full(count, band, np.uint64), documents) for band in range(bands))
        assert len(groups) == 1 and groups.weights.tolist() == [bands]
        values = np.repeat(np.arange(10, dtype=np.uint64)[None], count, axis=0)
        values[:, 9] += documents
        starts = np.arange(0, values.size, 10)
        sets = ShingleSets(values=values.ravel(), starts=starts, stops=starts + 10)
        found = find_near_duplicates(groups, documents, sets, threshold=0.8, agreeing=2)
    assert len(found) == count - 1 and not found.keepers.any()
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024
    assert grown < 400 * count


def test_shorter_than_a_shingle_and_chinese_without_spaces(tmp_path: Path) -> None:
    """A short text is one shingle of all its words: equal ones are duplicates, others are not."""
    lake = Lake(str(tmp_path))
    short = ["river", "River!", "sea", "the river", "the sea", "水", "火", "🎉", "🚀", "…"]
    chinese = ["长江是亚洲第一长河发源于青藏高原流经十一个省级行政区最后注入东海"]
    chinese += [chinese[0].replace("最后", "终于"), "黄河是中国第二长河因为河水中含有大量泥沙而呈黄色"]
    [found] = [o.manifest for o in deduplicate(lake, [clean_crawl(lake, "a", short + chinese)], CONFIG, ONE)]
    kept = list(texts_of(lake, found).values())
    assert len([text for text in kept if text.lower() in ("river", "river!")]) == 1
    assert set(short[2:]) <= set(kept)
    assert jaccard(*(shingle_set(text) for text in chinese[:2])) < 0.8, "two of 32 characters are in 6 of 28 shingles"
    assert set(chinese) <= set(kept)
    near = chinese[0] * 1 + "".join(chr(0x4E00 + place) for place in range(200))
    again = Lake(str(tmp_path / "again"))
    [found] = [o.manifest for o in deduplicate(again, [clean_crawl(again, "a", [near, near[:-3]])], CONFIG, ONE)]
    assert found.counts.dropped == {"near_duplicate": 1}


SCRIPT = """
import json, os, signal, sys
from corpus.lake.store import Lake
from corpus.duplicates.banding import DuplicateConfig
from pipelines import parts
from pipelines.deduplication import deduplicate
from pipelines.engine import Engine

lake, kill = Lake(sys.argv[1]), sys.argv[2]
if kill:
    from in_process import work_here

    work_here()
close = parts.Part.close

def die(point):
    if point == kill:
        os.kill(os.getpid(), signal.SIGKILL)

def close_and_die(part):
    stage = part._folder.split("/")[-2]
    die(f"{stage}/{part.name}/before")
    row = close(part)
    die(f"{stage}/{part.name}/after")
    return row

parts.Part.close = close_and_die
outcomes = deduplicate(lake, list(lake.datasets("clean")), DuplicateConfig(), Engine(workers=1))
print(json.dumps({outcome.manifest.name: outcome.manifest.digest for outcome in outcomes}))
"""
KILLS = (
    "signatures/run-0000/before",
    "signatures/run-0000-bands-000/after",
    "duplicates/exact-0000/after",
    "duplicates/components/after",
    "duplicates/texts-0000-run-0000/before",
    "duplicates/bin-0000/before",
    "duplicates/run-0000/before",
    "unique/part-00002/before",
)


def test_killed_between_and_inside_its_steps(tmp_path: Path) -> None:
    """Each run is killed at the next place, and goes on from what the one before had finished."""
    texts = families(seed=3, count=30)
    whole, killed = Lake(str(tmp_path / "whole")), Lake(str(tmp_path / "killed"))
    for lake in (whole, killed):
        cleans = [clean_crawl(lake, "a", texts[::2]), clean_crawl(lake, "b", texts[1::2])]
    wanted = {
        o.manifest.name: o.manifest.digest for o in deduplicate(whole, list(whole.datasets("clean")), CONFIG, ONE)
    }
    assert len(cleans) == len(wanted) == 2

    finished: dict[Path, int] = {}
    for kill in KILLS:
        done = run(killed, kill)
        assert done.returncode == -9, f"{kill}: {done.stderr[-2000:]}"
        kept = {path: path.stat().st_mtime_ns for path in Path(killed.root).rglob("*.parquet") if step(path).exists()}
        still = {path: time for path, time in finished.items() if not passed_on(path)}
        assert {path: kept.get(path) for path in still} == still, f"{kill}: a finished step was done again"
        finished = kept
        assert not [problem for manifest in killed.datasets() for problem in find_damage(killed, manifest)]
    done = run(killed, "")
    assert done.returncode == 0, done.stderr[-2000:]
    assert json.loads(done.stdout) == wanted


def step(path: Path) -> Path:
    """The row of the part that a file belongs to, or the manifest of its dataset."""
    folder = path.parents[2 if "parts" in path.parts else 1]
    manifest = folder / "manifest.json"
    return manifest if manifest.exists() else folder / "parts" / f"{path.stem}.json"


def passed_on(path: Path) -> bool:
    """Whether a file was for later steps of a dataset that is published."""
    return "parts" in path.parts and step(path).name == "manifest.json"


def run(lake: Lake, kill: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", SCRIPT, lake.url, kill]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    return subprocess.run(command, capture_output=True, text=True, timeout=120, env=environment)


def test_other_order_workers_restart_between_sub_stages(tmp_path: Path) -> None:
    """The kept set is one: with three workers in a process whose hashes are salted otherwise, in other files, with the
    signatures made before."""
    texts = families(seed=9, count=40)
    one = Lake(str(tmp_path / "one"))
    [wanted] = [o.manifest for o in deduplicate(one, [clean_crawl(one, "a", texts, parts=1)], CONFIG, ONE)]
    files = np.array_split(np.array(texts), 5)
    dealt = [str(files[place % 5][place // 5]) for place in range(len(texts))]
    other = Lake(str(tmp_path / "other"))
    clean = clean_crawl(other, "a", dealt, parts=5)
    sign(other, clean, CONFIG.signing(), Engine(workers=2))
    script = SCRIPT.replace("workers=1", "workers=3")
    command = [sys.executable, "-c", script, other.url, ""]
    subprocess.run(command, check=True, env={**os.environ, "PYTHONHASHSEED": "7"}, capture_output=True, timeout=300)
    [found] = other.datasets("unique")
    assert sorted(texts_of(other, found).values()) == sorted(texts_of(one, wanted).values())
    kept = texts_of(other, found)
    assert all(row["keeper"] in kept for row in ledger_of(other, found))


def test_other_parameters_between_sub_stages_are_refused(tmp_path: Path) -> None:
    from pipelines.duplicates.signed import Signed
    from pipelines.duplicates.stage import find_duplicates

    lake = Lake(str(tmp_path))
    crawls = [clean_crawl(lake, name, families(seed, 4)) for seed, name in enumerate(("a", "b"))]
    old = sign(lake, crawls[0], DuplicateConfig(seed=2).signing(), ONE).manifest
    new = sign(lake, crawls[1], CONFIG.signing(), ONE).manifest
    signed = [Signed(documents=clean, signatures=made) for clean, made in zip(crawls, (old, new), strict=True)]
    with pytest.raises(
        StageError, match=r"signatures/a was signed with .*'seed': 2.*'seed': 1.* sign that crawl again"
    ):
        find_duplicates(lake, signed[1], signed[:1], CONFIG, ONE)


def test_planted_near_duplicates_by_similarity_band() -> None:
    """How many pairs of each band of similarity are candidates: within 4 standard errors of the S-curve, and all of
    those from .9. What is removed is measured, so that nothing below the threshold goes."""
    dice = random.Random(5)
    pairs = []
    for rate in np.repeat((0.01, 0.03, 0.06, 0.1, 0.15, 0.2), 120):
        tokens = [f"word{dice.randrange(10**5)}" for _ in range(250)]
        copy = [f"other{dice.randrange(10**5)}" if dice.random() < rate else token for token in tokens]
        pairs.append((" ".join(tokens), " ".join(copy)))
    texts = pa.array([text for pair in pairs for text in pair], pa.large_string())
    keys, _ = compute_band_keys(texts, CONFIG.signing())
    sets = compute_shingle_sets(texts, 5)
    expected, found, seen = Counter[float](), Counter[float](), Counter[float]()
    variance = Counter[float]()
    for place, (left, right) in enumerate(pairs):
        similarity = jaccard(shingle_set(left), shingle_set(right))
        band = round(np.floor(similarity * 10) / 10, 1)
        chance = candidate_probability(
            similarity, CONFIG.signing().bands, CONFIG.signing().rows, CONFIG.min_shared_bands()
        )
        hit = (keys[2 * place] == keys[2 * place + 1]).sum() >= CONFIG.min_shared_bands()
        seen[band] += 1
        found[band] += bool(hit)
        expected[band] += chance
        variance[band] += chance * (1 - chance)
        assert hit or similarity < 0.8
        mine, theirs = sets[2 * place], sets[2 * place + 1]
        assert len(np.intersect1d(mine, theirs)) / len(np.union1d(mine, theirs)) == pytest.approx(similarity)
    assert len(seen) >= 6
    for band in seen:
        assert abs(found[band] - expected[band]) <= 4 * variance[band] ** 0.5 + 0.5, band
