"""Vocabulary and tokens as stages: what is learnt from, what is counted, what an imported vocabulary does."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from collections_of_text import clean_crawl
from crawls import CHINESE, GERMAN, JAPANESE, prose
from stages import publish
from tokenizers import Tokenizer

from corpus.audit.inspection import inspect
from corpus.lake.manifest import Manifest
from corpus.lake.schema import LEDGER
from corpus.lake.store import Lake
from corpus.lake.verification import find_damage
from corpus.tokenizer.imported import ImportConfig
from corpus.tokenizer.vocabulary import EOS, VocabularyConfig, train_vocabulary
from pipelines.cleaning import CLEAN
from pipelines.commands import main
from pipelines.engine import Engine
from pipelines.tokenization import by_language, encode
from pipelines.vocabulary import make_vocabulary, tokenizer_bytes

ONE, TWO = Engine(workers=1), Engine(workers=2)
PAGES = [
    *({"text": prose(module), "language": "en"} for module in ("argparse", "csv", "decimal", "heapq", "json", "os")),
    {"text": CHINESE, "language": "zh"},
    {"text": JAPANESE, "language": "ja"},
    {"text": GERMAN, "language": "de"},
]


def split_of(lake: Lake, pages: Sequence[dict[str, Any]], parts: int = 3) -> Manifest:
    clean = clean_crawl(lake, "made", pages)
    rows = sorted((row for table in lake.read(clean, "documents") for row in table.to_pylist()), key=lambda r: r["url"])
    files: dict[str, Any] = {"train": (CLEAN, rows[1:]), "heldout": (CLEAN, rows[:1]), "ledger": (LEDGER, [])}
    return publish(lake, "split", "made", [], files, parts=parts)


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(str(tmp_path / "lake"))


def test_the_sample_is_balanced_bounded_and_told(lake: Lake) -> None:
    split = split_of(lake, PAGES)
    config = VocabularyConfig(size=400, sample_characters=2_000)
    figures = make_vocabulary(lake, split, config, ONE).manifest.figures
    assert figures["sampled_characters"] <= 2_000
    assert figures["sampled_documents"] == sum(
        n for name, n in figures.items() if name.startswith("sampled_documents:")
    )
    assert figures["sampled_bytes:zh"] == len(CHINESE.encode()), "a small language is taken whole"
    assert figures["sampled_bytes:en"] < 2_000


def test_workers_and_files_change_nothing(lake: Lake, tmp_path: Path) -> None:
    config = VocabularyConfig(size=400, sample_characters=3_000)
    split = split_of(lake, PAGES)
    other = Lake(str(tmp_path / "other"))
    one = make_vocabulary(lake, split, config, ONE).manifest
    two = make_vocabulary(other, split_of(other, PAGES, parts=1), config, TWO).manifest
    assert tokenizer_bytes(lake, one) == tokenizer_bytes(other, two)
    copy = Lake(shutil.copytree(lake.root, tmp_path / "copy"))
    assert encode(lake, split, one, ONE).manifest.digest == encode(copy, split, one, TWO).manifest.digest


def test_bytes_and_tokens_are_counted_by_language(lake: Lake) -> None:
    split = split_of(lake, PAGES)
    tokenizer = make_vocabulary(lake, split, VocabularyConfig(size=400), ONE).manifest
    manifest = encode(lake, split, tokenizer, ONE).manifest
    figures = manifest.figures
    reference = Tokenizer.from_str(tokenizer_bytes(lake, tokenizer).decode())
    reference.encode_special_tokens = True
    for text, language in ((CHINESE, "zh"), (JAPANESE, "ja"), (GERMAN, "de")):
        assert figures[f"train_bytes:{language}"] == len(text.encode())
        assert figures[f"train_tokens:{language}"] == len(reference.encode(text).ids) + 1
    for kind in ("train", "heldout"):
        for unit in ("bytes", "tokens"):
            each = [n for name, n in figures.items() if name.startswith(f"{kind}_{unit}:")]
            assert figures[f"{kind}_{unit}"] == sum(each)
    told = by_language(figures)
    assert next(iter(told)) == "en" and told.keys() == {"en", "zh", "ja", "de"}
    assert told["zh"]["train"] == pytest.approx(figures["train_bytes:zh"] / figures["train_tokens:zh"], abs=1e-3)
    assert told["zh"]["heldout"] is None
    rows = [row for table in lake.read(manifest, "train") for row in table.to_pylist()]
    assert figures["train_tokens"] == sum(row["length"] for row in rows)
    [chinese] = [row for row in rows if np.array_equal(row["tokens"][:-1], reference.encode(CHINESE).ids)]
    assert chinese["tokens"][-1] == reference.token_to_id(EOS)


def test_an_imported_vocabulary_is_found_by_its_bytes(lake: Lake, tmp_path: Path) -> None:
    split = split_of(lake, PAGES)
    path, moved = tmp_path / "tokenizer.json", tmp_path / "moved.json"
    path.write_bytes(train_vocabulary(iter([GERMAN] * 3), VocabularyConfig(size=300)))
    moved.write_bytes(path.read_bytes())
    first = make_vocabulary(lake, split, ImportConfig(path=str(path)), ONE)
    again = make_vocabulary(lake, split, ImportConfig(path=str(moved)), ONE)
    assert again.reused and again.manifest.digest == first.manifest.digest
    assert str(tmp_path) not in first.manifest.to_bytes().decode()
    path.write_bytes(train_vocabulary(iter([GERMAN] * 3), VocabularyConfig(size=301)))
    other = make_vocabulary(lake, split, ImportConfig(path=str(path)), ONE)
    assert other.manifest.address != first.manifest.address and other.manifest.figures["vocabulary"] == 301
    assert not [problem for manifest in lake.datasets("tokenizer") for problem in find_damage(lake, manifest)]


def test_the_command_takes_a_vocabulary(lake: Lake, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    split = split_of(lake, PAGES)
    data = train_vocabulary(iter([GERMAN] * 3), VocabularyConfig(size=300))
    (tmp_path / "tokenizer.json").write_bytes(data)
    command = ["encode", f"split/{split.address}", "--lake", lake.url, "--workers", "1"]
    assert main([*command, "--vocabulary", str(tmp_path / "tokenizer.json")]) == 0
    [tokenizer] = lake.datasets("tokenizer")
    assert json.loads(tokenizer_bytes(lake, tokenizer))["model"] == json.loads(data)["model"]
    [tokens] = lake.datasets("tokens")
    assert tokens.sources[tokenizer.name] == tokenizer.address and tokens.counts.kept == len(PAGES)
    assert main([*command, "--vocabulary", str(tmp_path / "nowhere")]) == 1
    assert "nowhere: no vocabulary; wanted" in capsys.readouterr().err
    assert main([*command, "--vocabulary", str(tmp_path / "tokenizer.json"), "--size", "9000"]) == 1
    assert "leave out the flags that configure learning" in capsys.readouterr().err


def test_tokens_are_inspected_by_the_texts_that_they_stand_for(lake: Lake) -> None:
    split = split_of(lake, PAGES)
    tokenizer = make_vocabulary(lake, split, VocabularyConfig(size=400), ONE).manifest
    encode(lake, split, tokenizer, ONE)
    [found] = inspect(lake, "tokens", crawl=None, reason=None, language=None, limit=len(PAGES))
    assert found.kept == len(PAGES)
    assert {sample.text for sample in found.samples} == {page["text"] for page in PAGES}
