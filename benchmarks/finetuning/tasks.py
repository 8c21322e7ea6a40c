"""Tasks: the examples of each task as a folder of train, validation and test files, from ../shared/data."""

from __future__ import annotations

import csv
import json
import random
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal

from benchmarks.proof.inputs import write_rows
from benchmarks.proof.pages import SHARED
from corpus.text.lines import split_lines

BENCH = SHARED / "bench"
READER, WRITER = "gpt_bert", "t5"  # families of the models that are pretrained
LABELLED, TRANSLATED = 1_000, 3_000  # training examples where there are more: what a few hours of labelling give
Rows = Mapping[str, Sequence[Mapping[str, Any]]]  # by part


@dataclass(frozen=True, kw_only=True)
class Data:
    """`what`: where it is from. `family`: that of the model. `flags`: of training/finetune.py. `write`: its files into
    a folder. `words`: what TF-IDF counts where it can do the task, with logistic regression: words, or characters."""

    task: str
    what: str
    family: str
    write: Callable[[Path], None]
    flags: tuple[str, ...] = ()
    seeds: int = 1
    words: Literal["", "word", "char"] = ""


def _parts(rows: Sequence[Mapping[str, Any]], validation: int, test: int, train: int | None = None) -> Rows:
    """By chance; `train`: at most so many, None: all the others."""
    shuffled = random.Random(0).sample(list(rows), len(rows))
    return {
        "test": shuffled[:test],
        "validation": shuffled[test : test + validation],
        "train": shuffled[test + validation :][:train],
    }


def _write(folder: Path, parts: Rows) -> None:
    for part, rows in parts.items():
        write_rows(folder / f"{part}.jsonl", rows)


def _sst2(folder: Path) -> None:
    source = BENCH / "sst2" / "data" / "SST2"
    lines = (source / "train.tsv").read_text(encoding="utf-8").splitlines()
    (folder / "train.tsv").write_text("\n".join(random.Random(0).sample(lines, LABELLED)) + "\n", encoding="utf-8")
    for part in ("dev", "test"):
        shutil.copy(source / f"{part}.tsv", folder)


def _ag_news(folder: Path) -> None:
    with (BENCH / "ag_news" / "test.csv").open(newline="", encoding="utf-8") as file:
        rows = [{"text": f"{title} {text}", "label": label} for label, title, text in csv.reader(file)]
    _write(folder, _parts(rows, 300, 1_000, LABELLED))


def _sts_b(folder: Path) -> None:
    """The test file has no scores."""
    lines = (BENCH / "sts-b" / "data" / "STS-B" / "dev.tsv").read_text(encoding="utf-8").splitlines()
    rows = [dict(zip(lines[0].split("\t"), line.split("\t"), strict=True)) for line in lines[1:]]
    _write(folder, _parts(rows, 150, 400))


def _wnut17(folder: Path) -> None:
    for part, name in (("train", "wnut17train"), ("validation", "emerging.dev"), ("test", "emerging.test")):
        shutil.copy(BENCH / "wnut17" / f"{name}.conll", folder / f"{part}.conll")


def _xquad(folder: Path, language: str) -> None:
    """By article: what is asked of one is of no other."""
    articles = json.loads((BENCH / "xquad" / f"xquad.{language}.json").read_text(encoding="utf-8"))["data"]
    for part, found in _parts(articles, 5, 10).items():
        (folder / f"{part}.json").write_text(json.dumps({"data": found}))


def _fewclue(folder: Path, name: str, fields: Sequence[str]) -> None:
    """All of its five small training sets together, and all of its five for validation."""
    source = BENCH / "FewCLUE" / "datasets" / name
    for part, file in (("train", "train_few_all"), ("validation", "dev_few_all"), ("test", "test_public")):
        rows = [json.loads(line) for line in split_lines((source / f"{file}.json").read_text(encoding="utf-8"))]
        named = dict(zip(("label", "text", "pair"), fields, strict=False))
        write_rows(folder / f"{part}.jsonl", ({ours: row[theirs] for ours, theirs in named.items()} for row in rows))


def _tatoeba(folder: Path) -> None:
    """A sentence of English once."""
    lines = (BENCH / "tatoeba_cmn_eng" / "data" / "cmn.txt").read_text(encoding="utf-8").splitlines()
    first = dict(reversed([line.split("\t")[:2] for line in lines]))
    rows = [{"source": english, "target": chinese} for english, chinese in sorted(first.items())]
    _write(folder, _parts(rows, 100, 500, TRANSLATED))


def _headlines(folder: Path) -> None:
    lines = split_lines((SHARED / "html" / "news" / "ground_truth.jsonl").read_text(encoding="utf-8"))
    found = [json.loads(line) for line in lines]
    _write(folder, _parts([{"source": one["main_content"], "target": one["title"]} for one in found], 12, 30))


DATA: dict[str, Data] = {
    "SST-2": Data(
        task="classification",
        what="SST-2, sentences of film reviews",
        family=READER,
        write=_sst2,
        flags=("--columns", "text", "label"),
        seeds=3,
        words="word",
    ),
    "AG News": Data(
        task="classification", what="AG News, its test file", family=READER, write=_ag_news, seeds=3, words="word"
    ),
    "EPRSTMT": Data(
        task="classification",
        what="FewCLUE's EPRSTMT, Chinese reviews of products",
        family=READER,
        write=partial(_fewclue, name="eprstmt", fields=("label", "sentence")),
        seeds=3,
        words="char",
    ),
    "TNEWS": Data(
        task="classification",
        what="FewCLUE's TNEWS, Chinese headlines by section",
        family=READER,
        write=partial(_fewclue, name="tnews", fields=("label_desc", "sentence")),
        seeds=3,
        words="char",
    ),
    "OCNLI": Data(
        task="classification",
        what="FewCLUE's OCNLI, whether a Chinese sentence follows from another",
        family=READER,
        write=partial(_fewclue, name="ocnli", fields=("label", "sentence1", "sentence2")),
    ),
    "STS-B": Data(task="regression", what="STS-B, its dev file", family=READER, write=_sts_b),
    "WNUT-17": Data(task="tagging", what="WNUT-17, new entities in posts", family=READER, write=_wnut17),
    "XQuAD en": Data(task="answering", what="XQuAD in English", family=READER, write=partial(_xquad, language="en")),
    "XQuAD zh": Data(
        task="answering",
        what="XQuAD in Chinese",
        family=READER,
        write=partial(_xquad, language="zh"),
        flags=("--language", "zh"),
    ),
    "Tatoeba": Data(
        task="translation",
        what="Tatoeba, English to Chinese",
        family=WRITER,
        write=_tatoeba,
        flags=("--language", "zh", "--max-tokens", "64"),
    ),
    "headlines": Data(task="summarization", what="122 articles and their headlines", family=WRITER, write=_headlines),
}
