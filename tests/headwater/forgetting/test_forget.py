"""`headwater forget`: what is made of a host is made again without it, and nothing of its text is left in any shard."""

from __future__ import annotations

import io
import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from forgettable import ALPHA, BETA, GAMMA, PLANTED, compute, pages, write_web
from graphs import SMALL
from in_process import Unguarded
from tokenizers import Tokenizer

from corpus.lake.current import RecipeLake
from corpus.lake.manifest import Manifest
from corpus.lake.store import Lake
from corpus.lineage.graph import sources
from corpus.optout.removals import Removal
from corpus.shards.reader import ShardSet
from corpus.sources import open_crawl
from headwater.cli import main
from headwater.confirmation import confirm
from headwater.forgetting import rebuild as forgetting
from headwater.forgetting.certificate import certificate_path, write_certificate
from headwater.forgetting.findings import find_in_lake
from headwater.graph_run import GraphRun
from pipelines.engine import Engine
from pipelines.ingestion import ingest
from recipes import named

SAME = f"https://{BETA}/same"


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    return write_web(tmp_path_factory.mktemp("web"), (ALPHA, BETA, GAMMA))


@pytest.fixture(scope="module", autouse=True)
def small_recipe() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(named.RECIPES, "base", SMALL)
        patch.setattr("pipelines.part_workers.Guard", Unguarded)
        yield


@pytest.fixture(scope="module")
def before(web: list[str], tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """With all hosts."""
    lake = Lake(str(tmp_path_factory.mktemp("before") / "lake"))
    GraphRun(lake, Engine(workers=1), "base", quiet=True).run_until_shards(web)
    return lake


@pytest.fixture(scope="module")
def forgotten(before: Lake, tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """The same after alpha was forgotten."""
    lake = Lake(str(shutil.copytree(before.root, tmp_path_factory.mktemp("forgotten") / "lake")))
    assert main(["forget", ALPHA, "--yes", "--quiet", "--workers", "1", "--lake", lake.url]) == 0
    return lake


def current(lake: Lake, stage: str) -> list[Manifest]:
    return list(RecipeLake(lake.url, "base").datasets(stage))


def files(lake: Lake) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in sorted(Path(lake.root).rglob("*")) if path.is_file()}


def rows(lake: Lake, stage: str, kind: str) -> list[dict[str, Any]]:
    return [row for one in current(lake, stage) for table in lake.read(one, kind) for row in table.to_pylist()]


def decoded(lake: Lake) -> list[str]:
    """Every document of the current shards."""
    [manifest] = current(lake, "shards")
    [vocabulary] = sources(RecipeLake(lake.url, "base"), manifest, "tokenizer")
    decoder = Tokenizer.from_file(f"{lake.folder(vocabulary)}/tokenizer/tokenizer.json")
    texts = []
    for split in ("train", "heldout"):
        shards = ShardSet(f"{lake.folder(manifest)}/{split}")
        for _, _, start, end in shards.documents(0, len(shards)):
            texts.append(decoder.decode(shards.tokens(start, end - 1).tolist()))
    return texts


def grams(texts: list[str]) -> set[tuple[str, ...]]:
    """Runs of 13 words, told apart without anything of Headwater's."""
    found = set()
    for text in texts:
        words = re.findall(r"[^\W_]+", text.lower())
        found |= {tuple(words[at : at + 13]) for at in range(len(words) - 12)}
    return found


def forget(capfd: pytest.CaptureFixture[str], lake: Lake, *words: str) -> tuple[int, str, str]:
    code = main(["forget", "--workers", "1", "--lake", lake.url, *words])
    printed = capfd.readouterr()
    return code, printed.out, printed.err


def test_a_dry_run_says_what_is_made_of_it_and_writes_nothing(before: Lake, capfd: pytest.CaptureFixture[str]) -> None:
    written = files(before)
    code, out, _ = forget(capfd, before, ALPHA, "--dry-run")
    assert code == 0
    lines = [" ".join(line.split()) for line in out.splitlines()]
    count = len(pages(ALPHA))
    assert f"crawl news: {count} records" in lines and f"https://{ALPHA}/same" in lines
    assert f"documents in documents {count}, clean {count}, unique {count}, split {count}" in lines
    assert any(re.fullmatch(r"shards/\w+: \d documents in 1 of 1 tars of train", line) for line in lines)
    [again] = [line for line in lines if line.startswith("to be computed again: ")]
    for stage in ("documents", "measures", "clean", "signatures", "unique", "split", "tokenizer", "tokens", "shards"):
        assert f" {stage} " in again
    assert any(line.startswith("cost about ") for line in lines)
    found = json.loads(forget(capfd, before, "--dry-run", "--json", f"{ALPHA}/same/")[1])
    assert found["removal"] == {"kind": "url", "value": f"{ALPHA}/same"} and found["records"] == {"news": 1}
    assert files(before) == written


def test_the_certificate_holds_and_is_right(before: Lake, forgotten: Lake) -> None:
    said = json.loads(Path(certificate_path(forgotten, Removal("host", ALPHA))).read_text())
    assert said["found"] == [] and said["entries"] == [f"host:{ALPHA}"] and said["documents"] == len(pages(ALPHA))
    assert 0 < said["own_runs"] < said["runs"], "some of its runs stand in another page too"
    [shards] = current(forgotten, "shards")
    tars = {
        entry.sha256 for kind in ("train", "heldout") for entry in shards.of_kind(kind) if entry.path.endswith("tar")
    }
    assert {tar["sha256"] for tar in said["shards"]} == tars
    assert said["tokens"] == shards.figures["train_tokens"] + shards.figures["heldout_tokens"]
    others = grams([row["text"] for row in rows(forgotten, "documents", "documents")])
    own = grams([row["text"] for row in rows(before, "documents", "documents") if ALPHA in row["host"]]) - others
    assert grams([PLANTED]) <= own
    assert own & grams(decoded(before)) and not own & grams(decoded(forgotten))


def test_a_page_that_went_as_a_near_copy_comes_back(before: Lake, forgotten: Lake) -> None:
    for lake, there in ((before, False), (forgotten, True)):
        assert (SAME in {row["url"] for row in rows(lake, "unique", "documents")}) is there
        assert not [row for row in rows(lake, "unique", "documents") if ALPHA in row["host"]] or lake is before


def test_what_never_held_it_is_reused(before: Lake, forgotten: Lake) -> None:
    for stage in ("documents", "clean", "signatures"):
        old, new = ({one.partition: one for one in current(lake, stage)} for lake in (before, forgotten))
        assert new["docs"].address == old["docs"].address
        assert new["news"].address != old["news"].address
    assert "removals" not in next(one for one in current(forgotten, "documents") if one.partition == "docs").config


def test_a_lake_that_had_the_list_from_the_start_has_the_same_bytes(
    forgotten: Lake, web: list[str], tmp_path: Path
) -> None:
    lake = Lake(str(tmp_path / "lake"))
    lake.write(lake.path("removals.txt"), f"# asked for by its owner\nhost:{ALPHA}\n".encode())
    compute(lake, web)
    for stage in ("documents", "measures", "clean", "signatures", "duplicates", "unique", "split", "items", "tokens"):
        mine, other = current(lake, stage), current(forgotten, stage)
        assert [(one.name, one.content()) for one in mine] == [(one.name, one.content()) for one in other]
    for stage in ("split", "tokenizer", "tokens", "shards"):
        [mine], [other] = current(lake, stage), current(forgotten, stage)
        assert (mine.address, mine.digest) == (other.address, other.digest)
    refused = [row for row in rows(lake, "documents", "ledger") if row["reason"] == "opt_out:removal_list"]
    assert len(refused) == len(pages(ALPHA)) and {row["detail"] for row in refused} == {f"host:{ALPHA}"}


def test_a_lake_without_its_files_has_the_same_documents_tokens_and_shards(forgotten: Lake, tmp_path: Path) -> None:
    lake = Lake(str(tmp_path / "lake"))
    compute(lake, write_web(tmp_path / "web", (BETA, GAMMA)))
    for stage, kinds in (("unique", ["documents"]), ("split", ["train", "heldout"])):
        for kind in kinds:
            assert rows(lake, stage, kind) == rows(forgotten, stage, kind)
    assert decoded(lake) == decoded(forgotten)
    [mine], [other] = current(lake, "shards"), current(forgotten, "shards")
    assert mine.content() == other.content()


def test_a_later_crawl_that_holds_it_obeys(forgotten: Lake, tmp_path: Path) -> None:
    [later] = write_web(tmp_path, (ALPHA, BETA))
    again = str(Path(later).rename(tmp_path / "later"))
    lake = Lake(str(shutil.copytree(forgotten.root, tmp_path / "lake")))
    documents = ingest(lake, open_crawl(again), SMALL.ingest, Engine(workers=1)).manifest
    assert documents.counts.dropped["opt_out:removal_list"] == len(pages(ALPHA))
    assert documents.counts.kept == len(pages(BETA))


def test_nothing_of_it_is_left_after_collect(
    before: Lake, forgotten: Lake, web: list[str], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    lake = Lake(str(shutil.copytree(forgotten.root, tmp_path / "lake")))
    assert holding_text(lake)
    assert main(["collect", "--yes", "--quiet", "--lake", lake.url]) == 0
    assert not holding_text(lake)
    assert len(list(lake.datasets("shards"))) == 1 and not any(PLANTED in text for text in decoded(lake))
    assert any(PLANTED in text for text in decoded(before))
    assert main(["verify", "--quiet", "--lake", lake.url]) == 0
    kept = {(one.stage, one.address) for one in lake.datasets()}
    compute(lake, web)
    assert {(one.stage, one.address) for one in lake.datasets()} == kept, "all that is needed is there"
    certificate = Path(certificate_path(lake, Removal("host", ALPHA)))
    said = certificate.read_bytes()
    code, out, _ = forget(capfd, lake, ALPHA, "--yes")
    assert code == 0 and "on the removal list already" in out and "nothing of it is in the lake" in out
    assert certificate.read_bytes() == said, "which could not be told again"


def holding_text(lake: Lake) -> list[str]:
    """The Parquet files of the lake that hold the planted sentence."""
    found = []
    for path in map(str, Path(lake.root).rglob("*.parquet")):
        if PLANTED[:60] in str(lake.read_table(path).to_pylist()):
            found.append(path)
    return found


def test_a_name_that_is_nowhere_is_said_so_and_listed(before: Lake, tmp_path: Path, capfd: Any) -> None:
    lake = Lake(str(shutil.copytree(before.root, tmp_path / "lake")))
    code, out, _ = forget(capfd, lake, "alpha.exmple", "--dry-run")
    assert code == 0 and f"nothing of it is in the lake; did you mean {ALPHA}?" in out
    assert f"did you mean https://{ALPHA}/same" in forget(capfd, lake, f"{ALPHA}/smae", "--dry-run")[1]
    assert not Path(lake.root, "removals.txt").exists()
    addresses = {(one.stage, one.address) for one in lake.datasets()}
    for _ in range(2):
        code, out, _ = forget(capfd, lake, "never.example", "--yes")
        assert code == 0 and "host:never.example is on the removal list" in out
    assert Path(lake.root, "removals.txt").read_text() == "host:never.example\n"
    assert {(one.stage, one.address) for one in lake.datasets()} == addresses


def test_nobody_is_asked_without_a_terminal(before: Lake, capfd: pytest.CaptureFixture[str]) -> None:
    code, _, err = forget(capfd, before, ALPHA)
    assert code == 1 and "give --yes" in err
    assert not Path(before.root, "removals.txt").exists()
    code, _, err = forget(capfd, before, "not a host", "--yes")
    assert code == 1 and "'not a host' is no host, URL or doc_id" in err


@pytest.mark.parametrize(("answer", "agrees"), [("y\n", True), ("Yes\n", True), ("\n", False), ("no\n", False)])
def test_a_person_at_a_terminal_is_asked(answer: str, agrees: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = io.StringIO(answer)
    monkeypatch.setattr(terminal, "isatty", lambda: True)
    monkeypatch.setattr("sys.stdin", terminal)
    assert confirm("Forget it?", yes=False) is agrees


def test_a_recipe_goes_on_without_a_crawl_of_which_nothing_is_left(before: Lake, tmp_path: Path) -> None:
    lake = Lake(str(shutil.copytree(before.root, tmp_path / "lake")))
    findings = find_in_lake(lake, Removal("host", GAMMA))
    [recipe] = findings.recipes
    assert recipe.emptied == ("docs",)
    left_out = forgetting.forget(lake, findings, Engine(workers=1), quiet=True)
    assert {"base documents/docs", "base shards/docs+news"} <= set(left_out)
    assert {one.partition for one in current(lake, "shards")} == {"news"}
    assert write_certificate(lake, Removal("host", GAMMA)).found == ()


def test_without_a_report_each_set_of_crawls_is_made_again(
    before: Lake, web: list[str], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    lake = Lake(str(shutil.copytree(before.root, tmp_path / "lake")))
    compute(lake, [web[1]])
    old = {one.partition: one.address for one in current(lake, "shards")}
    assert old.keys() == {"news", "docs+news"}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(GraphRun, "run_until_shards", fail)
        code, _, err = forget(capfd, lake, ALPHA, "--yes")
        assert code == 1 and "the machine is on fire" in err, "the same call goes on from here"
    code, out, _ = forget(capfd, lake, ALPHA, "--yes")
    new = {one.partition: one.address for one in current(lake, "shards")}
    assert code == 0 and "no longer" not in out
    assert new.keys() == old.keys() and not set(new.values()) & set(old.values())


def fail(*_: object) -> None:
    raise RuntimeError("the machine is on fire")


def test_a_certificate_that_fails_names_shard_and_document(before: Lake, tmp_path: Path) -> None:
    lake = Lake(str(shutil.copytree(before.root, tmp_path / "lake")))
    with pytest.raises(
        RuntimeError, match=r"host:alpha.example is not forgotten: shards/\w+, train/.*tar, document \w+"
    ):
        write_certificate(lake, Removal("host", ALPHA))
    said = json.loads(Path(certificate_path(lake, Removal("host", ALPHA))).read_text())
    assert {left["words"] is None for left in said["found"]} == {True, False}
    assert len({left["doc_id"] for left in said["found"]}) == len(pages(ALPHA))
