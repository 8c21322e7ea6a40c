"""`headwater dedup` against all pairs: of those at a similarity of 0.9 none is missed, of those at 0.8 one in a
thousand at most, and what is removed is that similar to a document that stays. On labelled sets where they lie
beside the checkout, and on made-up texts everywhere."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from all_pairs import jaccard, shingle_set, similar_pairs
from dedups import dedup, write_lines
from shared import beside

from corpus.archive.pages import Page
from corpus.archive.ranges import FileRange
from corpus.extract.config import ExtractConfig
from corpus.extract.page import extract_page
from corpus.sources.web import Web

THRESHOLD = 0.8
Rows = list[dict[str, Any]]


def checked(rows: Rows, folder: Path, marks: bool = False) -> tuple[dict[tuple[str, str], float], set[str]]:
    """(all similar pairs of ids, ids that stay), when the result is as it must be. `marks`: there are texts in scripts
    with vowel signs, which are no letters to the tests' own words."""
    survivors, ledger = dedup(folder / "out", write_lines(folder / "in.jsonl", rows), "--threshold", str(THRESHOLD))
    sets = {row["id"]: shingle_set(row["text"]) for row in rows}
    staying = {row["id"] for row in survivors}
    assert len(survivors) + len(ledger) == len(rows) == len(sets)
    for row in ledger:
        exactly = jaccard(sets[row["id"]], sets[row["keeper"]])
        assert row["keeper"] in staying and exactly >= THRESHOLD, "a wrong removal"
        assert row["similarity"] == pytest.approx(exactly, abs=0.01 if marks else 1e-12)
    names = list(sets)
    pairs = {(names[a], names[b]): value for (a, b), value in similar_pairs(list(sets.values()), THRESHOLD).items()}
    missed = [value for (a, b), value in pairs.items() if a in staying and b in staying]
    assert max(missed, default=0) < 0.9
    assert len(missed) <= len(pairs) / 1_000
    return pairs, staying


def rows_of(texts: Sequence[str]) -> Rows:
    return [{"id": f"d{number}", "text": text} for number, text in enumerate(texts)]


def with_near_copies(texts: Sequence[str], characters: str, seed: int) -> Rows:
    """Each text, and a copy in which up to 4 % of the characters are others."""
    made = random.Random(seed)
    copies = []
    for text in texts:
        share = made.random() * 0.04
        copies.append("".join(made.choice(characters) if made.random() < share else one for one in text))
    return rows_of([*texts, *copies])


def needed(*names: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(beside("data", *names) is None, reason=f"no ../shared/data/{'/'.join(names)} here")


def data(*names: str) -> Path:
    found = beside("data", *names)
    assert found is not None
    return found


@needed("neardup", "chrisjmccormick-MinHash")
@pytest.mark.parametrize("size", [100, 1000])
def test_articles_with_planted_pairs(size: int, tmp_path: Path) -> None:
    folder = data("neardup", "chrisjmccormick-MinHash", "data")
    lines = (folder / f"articles_{size}.train").read_text().splitlines()
    rows = [dict(zip(("id", "text"), line.split(" ", 1), strict=True)) for line in lines]
    pairs, staying = checked(rows, tmp_path)
    planted = [line.split() for line in (folder / f"articles_{size}.truth").read_text().splitlines()]
    assert len(pairs) == len(planted) and {frozenset(pair) for pair in pairs} == set(map(frozenset, planted))
    assert all(len({*pair} & staying) == 1 for pair in planted)


@needed("neardup", "spdx-license-list-XML")
def test_licences(tmp_path: Path) -> None:
    rows = []
    for path in sorted(data("neardup", "spdx-license-list-XML", "src").rglob("*.xml")):
        text = ElementTree.parse(path).getroot().find(".//{*}text")
        if text is not None:
            rows.append({"id": path.stem, "text": " ".join("".join(text.itertext()).split())})
    pairs, staying = checked(rows, tmp_path)
    assert len(rows) > 700 and len(pairs) > 200 and len(staying) < len(rows) - 100


@needed("bench_crawl")
def test_pages_of_a_crawl(tmp_path: Path) -> None:
    rows = []
    for path in sorted(data("bench_crawl").glob("*.warc.gz")):
        size = path.stat().st_size
        with open(path, "rb") as file:
            for found in Web().read(file, size, path.name, FileRange(start=0, stop=size)):
                if isinstance(found.content, Page):
                    page = extract_page(found.content.html, found.content.declared_charset, ExtractConfig())
                    if not isinstance(page, str):
                        rows.append({"id": f"{path.name}:{found.offset}", "text": page.text})
    pairs, staying = checked(rows, tmp_path, marks=True)
    assert len(rows) > 2_000 and len(pairs) > 1_000 and len(staying) < len(rows) - 500


def poems() -> list[str]:
    paths = sorted(data("text", "chinese-poetry", "全唐诗").rglob("*.json"))
    poems = [poem for path in paths for poem in json.loads(path.read_text())]
    return ["".join(poem["paragraphs"]) for poem in poems[::5] if poem["paragraphs"]]


def articles() -> list[str]:
    """Chinese prose with some English in it, a few hundred characters each."""
    texts = [path.read_text(errors="replace") for path in sorted(data("text", "LCTT-TranslateProject").rglob("*.md"))]
    return [re.sub(r"\s+", "", text)[200:900] for text in texts]


def aozora() -> list[str]:
    paths = sorted(data("text", "aozorabunko").rglob("*.txt"))
    texts = [re.sub(r"\s|《.*?》|［.*?］", "", path.read_text(encoding="cp932", errors="replace")) for path in paths]
    return [text[start : start + 500] for text in texts for start in range(0, min(len(text), 30_000), 500)]


@pytest.mark.parametrize(
    ("texts", "folder"),
    [
        pytest.param(poems, "chinese-poetry", marks=needed("text", "chinese-poetry")),
        pytest.param(articles, "LCTT-TranslateProject", marks=needed("text", "LCTT-TranslateProject")),
        pytest.param(aozora, "aozorabunko", marks=needed("text", "aozorabunko")),
    ],
)
def test_chinese_and_japanese(texts: Callable[[], list[str]], folder: str, tmp_path: Path) -> None:
    found = texts()
    rows = with_near_copies(found, "".join(found)[:5_000], seed=len(folder))
    pairs, staying = checked(rows, tmp_path)
    assert len(pairs) > len(found) / 4 and len(staying) > len(found)
    assert min(pairs.values()) < 0.82 and sum(value < 0.9 for value in pairs.values()) > len(pairs) / 10


@pytest.mark.parametrize("script", ["Latin", "Han", "kana and Han", "Han and Latin"])
def test_made_up_texts(script: str, tmp_path: Path) -> None:
    """Frequent words as in a language, and copies of any similarity."""
    made = random.Random(script)
    han, kana = ([chr(first + number) for number in range(many)] for first, many in ((0x4E00, 2_000), (0x3041, 80)))
    latin = [f" w{number} " for number in range(2_000)]
    words = {"Latin": latin, "Han": han, "kana and Han": kana * 10 + han, "Han and Latin": han + latin}[script]
    weights = [1 / (number + 10) for number in range(len(words))]
    texts = []
    for _ in range(300):
        tokens = made.choices(words, weights, k=made.randint(40, 200))
        share = made.random() * 0.06
        texts += ["".join(tokens), "".join(made.choice(words) if made.random() < share else one for one in tokens)]
    pairs, staying = checked(rows_of(texts), tmp_path)
    assert len(pairs) > 100 and len(staying) > 350
    assert min(pairs.values()) < 0.82
