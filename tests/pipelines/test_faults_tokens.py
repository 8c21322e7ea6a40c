"""Faults of the tokenizer: rows of the fault table under "Tokens and shards", by their names."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from collections_of_text import CHINESE, ENGLISH, clean_crawl
from crawls import GERMAN, prose
from shared import beside
from stages import publish
from tokenizers import Tokenizer

from corpus.lake.manifest import Manifest
from corpus.lake.schema import LEDGER
from corpus.lake.store import Lake
from corpus.lake.verification import find_damage
from corpus.shards.reader import ShardSet
from corpus.tokenizer.imported import ImportConfig, read_vocabulary
from corpus.tokenizer.splits import GPT2, GPT4, GPT4O, OWN
from corpus.tokenizer.vocabulary import EOS, Vocabulary, VocabularyConfig, train_vocabulary
from pipelines.cleaning import CLEAN
from pipelines.engine import Engine
from pipelines.parts import StageError
from pipelines.shards import ShardConfig, shard
from pipelines.tokenization import encode
from pipelines.vocabulary import make_vocabulary

ONE = Engine(workers=1)
SECONDS = 20  # for a megabyte, of processor time; it takes a quarter of a second to three
TRAINED = train_vocabulary(iter([prose("argparse"), GERMAN, CHINESE] * 3), VocabularyConfig(size=800))


def split_of(lake: Lake, texts: Sequence[str | dict[str, Any]], parts: int = 2) -> Manifest:
    """The stage `split` with these training texts and one that is held out."""
    clean = clean_crawl(lake, "made", [*texts, "Held out."])
    rows = [row for table in lake.read(clean, "documents") for row in table.to_pylist()]
    rows.sort(key=lambda row: row["url"])
    kinds = {"train": [row for row in rows if row["text"] != "Held out."]}
    kinds["heldout"] = [row for row in rows if row["text"] == "Held out."]
    files: dict[str, Any] = {kind: (CLEAN, some) for kind, some in kinds.items()}
    return publish(lake, "split", "made", [], {**files, "ledger": (LEDGER, [])}, parts=parts)


def with_split(pattern: str, folder: Path) -> str:
    """A tokenizer.json with the merges of TRAINED and another split."""
    value = json.loads(TRAINED)
    value["pre_tokenizer"]["pretokenizers"][0]["pattern"] = {"Regex": pattern}
    path = folder / "tokenizer.json"
    path.write_text(json.dumps(value))
    return str(path)


@pytest.mark.parametrize("pattern", [OWN, GPT2, GPT4, GPT4O], ids=["own", "gpt2", "gpt4", "gpt4o"])
@pytest.mark.parametrize("run", ["^", " ", "\n", " \n", "a", "水", "7", "🎉", "abc", "a\u0301", "^ ", "'s"])
def test_caret_times_1e6_and_long_unspaced_runs(run: str, pattern: str, tmp_path: Path) -> None:
    data = read_vocabulary(ImportConfig(path=with_split(pattern, tmp_path)))
    text = (run * 1_000_000)[:1_000_000]
    vocabulary, reference = Vocabulary(data), Tokenizer.from_str(data.decode())
    vocabulary.encode([""])
    started = time.process_time()
    encoded = vocabulary.encode([text])
    assert time.process_time() - started < SECONDS
    assert not encoded.failed
    assert reference.decode(encoded.tokens[:-1].tolist()) == text


@pytest.mark.parametrize("source", [("gpt2",), ("tiktoken", "SharpToken", "data", "r50k_base.tiktoken")])
def test_long_unspaced_runs_by_gpt2s_vocabulary(source: tuple[str, ...]) -> None:
    path = beside("data", "tokenizers", *source)
    if path is None:
        pytest.skip("../shared/data/tokenizers is not there")
    vocabulary = Vocabulary(read_vocabulary(ImportConfig(path=str(path))))
    for run in ("^", " ", "abc"):
        started = time.process_time()
        assert len(vocabulary.encode([(run * 1_000_000)[:1_000_000]]).tokens) > 10_000
        assert time.process_time() - started < SECONDS


@pytest.mark.parametrize("workers", [1, 2])
def test_panic_in_the_rust_tokenizer(workers: int, tmp_path: Path) -> None:
    """A split of which the regular expression gives up on one page: the library panics."""
    lake = Lake(str(tmp_path / "lake"))
    texts: list[str | dict[str, Any]] = [" ".join(ENGLISH[number : number + 9]) for number in range(12)]
    texts[5] = {"text": "before " + "x" * 60, "language": "fi"}
    split = split_of(lake, texts)
    config = ImportConfig(path=with_split(r"(?:x+x+)+y|[^x]", tmp_path))
    engine = Engine(workers=workers)
    manifest = encode(lake, split, make_vocabulary(lake, split, config, engine).manifest, engine).manifest
    assert manifest.counts.dropped == {"tokenizer_panic": 1}
    assert (manifest.counts.records_in, manifest.counts.kept, manifest.counts.lost) == (13, 12, 0)
    [row] = [row for table in lake.read(manifest, "ledger") for row in table.to_pylist()]
    assert row["url"] == "https://made.example/5" and row["stage"] == "tokens"
    assert "retry-limit-in-match" in row["detail"]
    tokens = [row for table in lake.read(manifest, "train") for row in table.to_pylist()]
    assert row["doc_id"] not in {token["doc_id"] for token in tokens}
    assert all(len(token["tokens"]) == token["length"] > 1 for token in tokens)
    assert "train_tokens:fi" not in manifest.figures


def failing_on(kind: str, lake: Lake, folder: Path) -> tuple[Manifest, Manifest]:
    """A split and a tokenizer that panics on all its pages of one kind."""
    fine, fails = ["page one", "page two"], ["x" * 60, "before " + "x" * 60]
    clean = clean_crawl(lake, "made", fine + fails)
    rows = sorted((row for found in lake.read(clean, "documents") for row in found.to_pylist()), key=lambda r: r["url"])
    kinds = {"train": rows[:2], "heldout": rows[2:]} if kind == "heldout" else {"train": rows[2:], "heldout": rows[:2]}
    files: dict[str, Any] = {name: (CLEAN, some) for name, some in kinds.items()}
    split = publish(lake, "split", "made", [], {**files, "ledger": (LEDGER, [])}, parts=1)
    config = ImportConfig(path=with_split(r"(?:x+x+)+y|[^x]", folder))
    return split, make_vocabulary(lake, split, config, ONE).manifest


def test_panic_on_every_held_out_page(tmp_path: Path) -> None:
    lake = Lake(str(tmp_path / "lake"))
    split, tokenizer = failing_on("heldout", lake, tmp_path)
    tokens = encode(lake, split, tokenizer, ONE).manifest
    manifest = shard(lake, tokens, tokenizer, ShardConfig(), ONE).manifest
    assert (manifest.figures["heldout_tokens"], manifest.figures["heldout_documents"]) == (0, 0)
    assert manifest.figures["train_documents"] == 2 == manifest.counts.kept
    heldout = ShardSet(f"{lake.folder(manifest)}/heldout")
    assert len(heldout) == 0 and heldout.documents(0, 0) == []
    assert not list(find_damage(lake, manifest))


def test_panic_on_every_training_page(tmp_path: Path) -> None:
    lake = Lake(str(tmp_path / "lake"))
    with pytest.raises(StageError, match=r"fails on every training page \({'tokenizer_panic': 2}\); take another"):
        encode(lake, *failing_on("train", lake, tmp_path), ONE)


def test_panic_costs_no_other_text_of_the_batch(tmp_path: Path) -> None:
    vocabulary = Vocabulary(Path(with_split(r"(?:x+x+)+y|[^x]", tmp_path)).read_bytes())
    alone = vocabulary.encode(["one", "two"])
    among = vocabulary.encode(["one", "x" * 60, "two", "a lone \ud800 surrogate"])
    assert {place: failure.reason for place, failure in among.failed.items()} == {
        1: "tokenizer_panic",
        3: "tokenizer_error",
    }
    assert among.tokens.tolist() == alone.tokens.tolist()
    assert among.lengths.tolist() == [alone.lengths[0], 0, alone.lengths[1], 0]


def test_who_interrupts_is_heard(monkeypatch: pytest.MonkeyPatch) -> None:
    vocabulary = Vocabulary(TRAINED)

    def interrupt(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(vocabulary._fast, "encode_to_numpy", interrupt)
    with pytest.raises(KeyboardInterrupt):
        vocabulary.encode(["text"])


def test_control_token_text_in_a_page(tmp_path: Path) -> None:
    lake = Lake(str(tmp_path / "lake"))
    texts = [f"{EOS}{EOS} page {number} about {EOS}" for number in range(8)]
    split = split_of(lake, texts)
    for config in (VocabularyConfig(size=400), ImportConfig(path=with_split(GPT2, tmp_path))):
        tokenizer = make_vocabulary(lake, split, config, ONE).manifest
        data = lake.fs.cat_file(f"{lake.folder(tokenizer)}/tokenizer/tokenizer.json")
        eos, reference = Vocabulary(data).eos, Tokenizer.from_str(data.decode())
        manifest = encode(lake, split, tokenizer, ONE).manifest
        found = [row["tokens"] for table in lake.read(manifest, "train") for row in table.to_pylist()]
        assert all(tokens.count(eos) == 1 and tokens[-1] == eos for tokens in found)
        assert sorted(reference.decode(tokens[:-1]) for tokens in found) == sorted(texts)
