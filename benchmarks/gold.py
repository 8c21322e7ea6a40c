"""Gold: pages whose main text people have marked, from ../shared/data/html (never copied into this repository)."""

from __future__ import annotations

import gzip
import hashlib
import json
import re
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from html import unescape
from pathlib import Path

from resiliparse.extract.html2text import extract_plain_text

from corpus.text.normal_form import words

FOLDER = Path(__file__).resolve().parents[2] / "shared" / "data" / "html"
NAMED_LANGUAGE = re.compile(rb"""<html[^>]{0,400}?\blang\s*=\s*["']?([A-Za-z]{2})""", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class GoldPage:
    """`gold`: its main text; where only snippets are known, it is None, and those that must and must not appear are
    `wanted` and `unwanted`."""

    source: str
    name: str
    kind: str
    html: bytes
    gold: str | None = None
    wanted: tuple[str, ...] = ()
    unwanted: tuple[str, ...] = ()

    @property
    def tuned_on(self) -> bool:
        """Half of the pages, by the hash of their names; the other half is held back."""
        return hashlib.sha256(self.name.encode()).digest()[0] % 2 == 0

    @property
    def language(self) -> str:
        found = NAMED_LANGUAGE.search(self.html[:20_000])
        return found.group(1).decode().lower() if found else "unnamed"


def read(arguments: list[str]) -> list[GoldPage]:
    """All of them, from the folder that the command line names, or FOLDER. Exits where there are none."""
    folder = Path(arguments[0]) if arguments else FOLDER
    if not (folder / "wcxb").is_dir():
        sys.exit(f"this reads pages that are not part of the repository, and {folder / 'wcxb'} is not there")
    sets = ("wcxb", "wcxb_more", "news", "chinese")
    return [
        *(page for name in sets if (folder / name).is_dir() for page in _labelled(folder / name)),
        *_portals(folder),
        *_readability(folder),
        *_snippets(folder),
    ]


def f1(text: str, gold: str) -> tuple[float, float, float]:
    """Precision, recall and F1 of the bag of words (in scripts without spaces: characters) of a text."""
    found, wanted = Counter(words(text)), Counter(words(gold))
    both = (found & wanted).total()
    if not both:
        return 0.0, 0.0, 0.0
    precision, recall = both / found.total(), both / wanted.total()
    return precision, recall, 2 * precision * recall / (precision + recall)


def _labelled(folder: Path) -> Iterator[GoldPage]:
    """A set of pages with a line of ground truth each. `kind`: the type of the page, or the country that it is from."""
    for line in (folder / "ground_truth.jsonl").open(encoding="utf-8"):
        row = json.loads(line)
        html = gzip.decompress((folder / "html" / f"{row['file']}.html.gz").read_bytes())
        kind = row.get("page_type") or row.get("country") or "article"
        gold = _version_of(html, [row["main_content"], *row["versions"]]) if "versions" in row else row["main_content"]
        yield GoldPage(source=folder.name, name=row["file"], kind=kind, html=html, gold=gold)


def _version_of(html: bytes, versions: list[str]) -> str:
    """Of articles of one publisher that which a page is of: the one whose words the page has most of."""
    page = extract_plain_text(html.decode("utf-8", "replace"))
    return max(versions, key=lambda version: f1(page, version)[1])


def _portals(folder: Path) -> Iterator[GoldPage]:
    for page in sorted((folder / "CleanPortalEval" / "input").glob("*.html")):
        gold = folder / "CleanPortalEval" / "GoldStandard" / f"{page.stem}.txt"
        text = re.sub(r"^\s*URL:.*\n", "", gold.read_text("utf-8", "replace"))
        text = unescape(re.sub("<[hpl]>", " ", text))
        yield GoldPage(source="CleanPortalEval", name=page.name, kind="portal", html=page.read_bytes(), gold=text)


def _readability(folder: Path) -> Iterator[GoldPage]:
    for page in sorted((folder / "mozilla-readability" / "test" / "test-pages").iterdir()):
        expected = (page / "expected.html").read_text("utf-8")
        gold = extract_plain_text(expected, list_bullets=False, alt_texts=False)
        html = (page / "source.html").read_bytes()
        yield GoldPage(source="mozilla-readability", name=page.name, kind="article", html=html, gold=gold)


def _snippets(folder: Path) -> Iterator[GoldPage]:
    tests = folder / "trafilatura" / "tests"
    for row in json.loads((tests / "evaldata.json").read_text("utf-8")).values():
        page = tests / "eval" / row["file"]
        if page.exists():
            yield GoldPage(
                source="trafilatura snippets",
                name=page.name,
                kind="article",
                html=page.read_bytes(),
                wanted=tuple(row["with"]),
                unwanted=tuple(row["without"]),
            )
