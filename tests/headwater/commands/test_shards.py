"""`headwater inspect shards`, `headwater verify DIR` and `headwater trace` on shards of a lake or of a bare folder."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tokens_of_text import ONE, Made, make_tokens

from corpus.lake.manifest import Counts, Manifest, canonical_json, sha256
from corpus.lake.stage import Outcome
from corpus.lake.stages import kinds_read
from corpus.lake.store import Lake, file_sha256
from corpus.shards.mix import MixConfig
from corpus.shards.reader import ShardSet
from dagster_project.assets.token_stages import _mixed
from dagster_project.metadata.materialized import describe_datasets
from headwater.cli import main
from headwater.tracing.page_trace import trace_page
from headwater.tracing.trace_lines import page_lines
from pipelines.shards import ShardConfig, shard
from pipelines.tokenization import SPLITS

MIX = MixConfig(shares={"en": 0.3, "zh": 0.6})


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    return make_tokens(Lake(str(tmp_path_factory.mktemp("lake"))))


@pytest.fixture(scope="module")
def mixed(made: Made) -> Manifest:
    config = ShardConfig(chunk_tokens=700, chunks_per_shard=2, mix=MIX)
    return shard(made.lake, made.tokens, made.tokenizer, config, ONE).manifest


def tokenizer(made: Made) -> Path:
    return Path(made.lake.folder(made.tokenizer), "tokenizer/tokenizer.json")


def printed(capsys: pytest.CaptureFixture[str], *command: str) -> str:
    assert main(list(command)) == 0
    return capsys.readouterr().out


def test_chunks_with_their_documents(made: Made, mixed: Manifest, capsys: pytest.CaptureFixture[str]) -> None:
    said = printed(capsys, "inspect", f"shards/{mixed.address}", "--lake", made.lake.url, "--limit", "2", "--json")
    objects = [json.loads(line) for line in said.splitlines()]
    train, *chunks = objects[: next(n for n, one in enumerate(objects) if one.get("shards", "").endswith("heldout"))]
    shards, rows = ShardSet(f"{made.lake.folder(mixed)}/train"), made.rows()
    assert (train["fingerprint"], train["tokens"]) == (shards.fingerprint, len(shards))
    assert train["mix"] == mixed.figures["mix"] and len(chunks) == 2
    for chunk in chunks:
        inside = shards.documents(chunk["first"], chunk["end"])
        assert chunk["count"] == len(inside) and len(chunk["documents"]) == 2
        for document, (tar, doc_id, first, end) in zip(chunk["documents"], inside, strict=False):
            assert (chunk["shard"], document["doc_id"]) == (tar, doc_id)
            assert (document["first"], document["end"]) == (first, end)
            assert document["ids"] == rows[doc_id]["tokens"]
            for name in ("url", "text", "language"):
                assert document[name] == rows[doc_id][name]
            assert document["group"] == rows[doc_id]["language"]


def test_it_shows_what_each_group_got(made: Made, mixed: Manifest, capsys: pytest.CaptureFixture[str]) -> None:
    said = printed(capsys, "inspect", f"shards/{mixed.address[:9]}", "--lake", made.lake.url, "--limit", "1")
    assert "mix by language, seed 0" in said
    for group in mixed.figures["mix"]["groups"]:
        [line] = [line for line in said.splitlines() if line.split()[:1] == [group["name"]]]
        assert (
            f"{group['taken_tokens']:,}" in line and f"{group['tokens']:,}" in line and f"{group['factor']:.3f}" in line
        )
    again = printed(capsys, "inspect", f"shards/{mixed.address}", "--lake", made.lake.url, "--limit", "1")
    assert again == said, "the same each time"


@pytest.mark.parametrize("by", ["crawl", "source"])
def test_a_document_shows_its_group(made: Made, by: Any, capsys: pytest.CaptureFixture[str]) -> None:
    mix = MixConfig(by=by, shares={"a": 1, "b": 1} if by == "crawl" else {"books/*": 1, "*": 1})
    manifest = shard(made.lake, made.tokens, made.tokenizer, ShardConfig(chunk_tokens=700, mix=mix), ONE).manifest
    flags = ["--lake", made.lake.url, "--limit", "9", "--json"]
    objects = map(json.loads, printed(capsys, "inspect", f"shards/{manifest.address}", *flags).splitlines())
    shown = [document for one in objects if "key" in one for document in one["documents"] if document["group"]]
    assert len({document["group"] for document in shown}) == 2
    for document in shown:
        assert document["group"] == mix.group(made.rows()[document["doc_id"]][by])


def test_a_folder_away_from_its_lake(
    made: Made, mixed: Manifest, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = shutil.copytree(f"{made.lake.folder(mixed)}/train", tmp_path / "train")
    rows = made.rows()
    [_, _, doc_id, *_] = [row[1] for row in ShardSet(folder).documents(0, 300)]
    said = printed(capsys, "inspect", str(folder))
    assert doc_id in said and rows[doc_id]["text"][:40] not in said and "--tokenizer FILE shows the text" in said
    said = printed(capsys, "inspect", str(folder), "--tokenizer", str(tokenizer(made)))
    assert rows[doc_id]["text"][:40] in said and "mix by language" in said


def test_a_folder_that_is_named_as_the_stage(
    made: Made, mixed: Manifest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(made.lake.folder(mixed), tmp_path / "shards")
    monkeypatch.chdir(tmp_path)
    assert f"fingerprint {mixed.figures['train_fingerprint']}" in printed(capsys, "inspect", "shards/train")


def test_what_strangers_wrote_into_a_shard_reaches_no_terminal(
    made: Made, mixed: Manifest, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = Path(shutil.copytree(f"{made.lake.folder(mixed)}/train", tmp_path / "train"))
    value = json.loads((folder / "index.json").read_bytes())
    chunk = value["shards"][0]["chunks"][0]
    chunk["key"] = "\x1b[2J"
    path = folder / value["shards"][0]["path"]
    data = bytearray(path.read_bytes())
    first = data.index(b'"doc_ids":["') + 12
    data[first : first + 12] = b"\\u001b]0;a\\n"[:12].ljust(12, b"x")
    path.write_bytes(bytes(data))
    chunk["sha256"] = sha256(bytes(data[chunk["offset"] : chunk["offset"] + chunk["bytes"]]))
    (folder / "index.json").write_bytes(canonical_json(value))
    for flags in ([], ["--json"]):
        assert "\x1b" not in printed(capsys, "inspect", str(folder), *flags)
    assert main(["verify", str(folder)]) == 1
    assert "\x1b" not in capsys.readouterr().out


def test_wrong_questions(made: Made, mixed: Manifest, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for command, said in (
        (["inspect", "shards", "--reason", "down_sampled"], "--reason: shards are shown as they are"),
        (["inspect", "shards/ffff"], f"no dataset shards/ffff: there are shards/{mixed.address[:2]}"),
        (["verify", "--tokenizer", "x.json"], "--tokenizer x.json: give the folder of the shards too"),
        (["verify", str(tmp_path)], f"no index.json in {tmp_path}"),
        (["verify", str(tmp_path / "none")], "none"),
        (["verify", "https://example.org/shards"], "web servers do not list their files"),
    ):
        assert main([*command, "--lake", made.lake.url]) == 1
        found = capsys.readouterr().err
        assert said in found or (said.startswith("no dataset") and "there are shards/" in found), command


def test_verify_of_a_folder_and_of_the_folder_above(
    made: Made, mixed: Manifest, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    above = Path(shutil.copytree(made.lake.folder(mixed), tmp_path / "shards"))
    flags = ["--tokenizer", str(tokenizer(made)), "--json"]
    found = [json.loads(line) for line in printed(capsys, "verify", str(above), *flags).splitlines()]
    assert [Path(one["folder"]).name for one in found] == ["heldout", "train"]
    assert [one["tokenizer"] for one in found] == [file_sha256(tokenizer(made))] * 2
    assert found[1]["tokens"] == mixed.figures["train_tokens"] and not any(one["problems"] for one in found)
    (above / "train" / "index.json").write_bytes(b"{}")
    assert main(["verify", str(above)]) == 1
    said = capsys.readouterr()
    assert "train/index.json is not a headwater.shards/2 index" in said.out and "1 of 2 sets" in said.err


def test_verify_of_a_lake_finds_a_tar_that_no_index_knows(
    made: Made, mixed: Manifest, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lake = Lake(shutil.copytree(made.lake.root, tmp_path / "lake"))
    assert main(["verify", "--lake", lake.url]) == 0
    capsys.readouterr()
    shutil.copyfile(f"{lake.folder(mixed)}/train/shard-000000.tar", f"{lake.folder(mixed)}/train/more.tar")
    assert main(["verify", "--lake", lake.url]) == 1
    assert "train/more.tar: not in the index" in capsys.readouterr().out


def test_trace_of_a_repeated_page_and_of_one_that_was_left_out(made: Made, mixed: Manifest) -> None:
    shards, rows = ShardSet(f"{made.lake.folder(mixed)}/train"), made.rows()
    written = [doc_id for _, doc_id, _, _ in shards.documents(0, len(shards))]
    often = max(rows, key=written.count)
    said = "\n".join(page_lines(trace_page(made.lake, rows[often]["url"])))
    assert written.count(often) == 4 and said.count(f"shards      {mixed.address[:12]}/train") == 4
    for reason in ("down_sampled", "not_in_mix"):
        gone = next(
            row["url"]
            for table in made.lake.read(mixed, "ledger")
            for row in table.to_pylist()
            if row["reason"] == reason
        )
        said = "\n".join(page_lines(trace_page(made.lake, gone)))
        assert f"shards      {mixed.address[:12]}: left out of the mix, {reason}" in said


@pytest.fixture
def grown(made: Made, mixed: Manifest, tmp_path: Path) -> tuple[Lake, Manifest]:
    """The lake, with shards and a checkpoint beside the others that an earlier version wrote."""
    lake = Lake(str(shutil.copytree(made.lake.root, tmp_path / "lake")))
    older = b'{"dtype":"<u2","schema":"headwater.shards/1","shards":[]}'
    shards = published(lake, mixed, "shards", None, {f"{kind}/index.json": older for kind in SPLITS})
    state = canonical_json({"run": {"train": {"context": 8, "global_batch": 2, "seed": 0}}})
    published(lake, mixed, "checkpoint", shards, {"model/state.json": state}, step=9)
    return lake, shards


def published(
    lake: Lake, like: Manifest, stage: str, source: Manifest | None, files: Mapping[str, bytes], **figures: Any
) -> Manifest:
    """Of a stage, made of `source`, or of what `like` was made of."""
    bare = replace(like, stage=stage, code_version="1", counts=Counts(records_in=0, kept=0))
    if source is not None:
        content = source.content(kinds_read(stage, source.stage))
        bare = replace(bare, inputs={source.name: content}, sources={source.name: source.address})
    entries = []
    for path, data in files.items():
        with lake.scratch() as scratch:
            (scratch / "file").write_bytes(data)
            entries.append(lake.put(scratch / "file", lake.folder(bare), path, 0))
    return lake.publish(replace(bare, files=tuple(entries), figures=figures), {})


def test_what_an_earlier_version_wrote_is_named_and_hides_nothing(
    grown: tuple[Lake, Manifest], made: Made, mixed: Manifest, capsys: pytest.CaptureFixture[str]
) -> None:
    lake, older = grown
    rows = made.rows()
    shards = ShardSet(f"{lake.folder(mixed)}/train")
    [(_, doc_id, _, _), *_] = shards.documents(0, 1)
    said = printed(capsys, "trace", "--lake", lake.url, rows[doc_id]["url"])
    assert f"shards      {older.address[:12]}: not read, another version of Headwater wrote them" in said
    assert f"shards      {mixed.address[:12]}/train" in said
    said = printed(capsys, "trace", "--lake", lake.url, "--step", "3")
    assert "its shards are not read, another version" in said
    assert "DAMAGED" not in printed(capsys, "verify", "--lake", lake.url)
    for command in (["inspect", f"shards/{older.address}", "--lake", lake.url], ["verify", lake.folder(older)]):
        assert main(command) == 1
        found = capsys.readouterr().err
        assert "is of headwater.shards/1, and headwater.shards/2 is read: write the shards again" in found


def test_a_step_whose_pages_or_shards_are_gone(
    made: Made, mixed: Manifest, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lake = Lake(str(shutil.copytree(made.lake.root, tmp_path / "lake")))
    plan = {"context": 8, "global_batch": 2, "seed": 0, "packing": "concat"}
    state = canonical_json({"run": {"train": plan}})
    published(lake, mixed, "checkpoint", mixed, {"model/state.json": state}, step=9)
    step = ["trace", "--lake", lake.url, "--step", "3"]
    assert "https://site.example/" in printed(capsys, *step)
    shutil.rmtree(lake.folder(made.split))
    assert "its page is no longer in the lake" in printed(capsys, *step)
    shutil.rmtree(lake.folder(mixed))
    assert main(step) == 1
    assert "run shards again" in capsys.readouterr().err


def test_dagster_shows_the_mix(made: Made, mixed: Manifest) -> None:
    outcome = Outcome(manifest=mixed, reused=False, seconds=1.0)
    result = describe_datasets(made.lake, outcome, [], extra=_mixed(mixed))
    assert result.metadata is not None
    assert "| zh | 17 |" in str(result.metadata["mix"])
    assert result.metadata["dropped"] == sum(mixed.counts.dropped.values()) > 0
