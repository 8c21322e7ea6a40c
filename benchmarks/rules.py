"""Rules: what the default rules keep of real texts by source, and why they drop the rest.

`python -m benchmarks.rules [FOLDER]`: FOLDER holds the texts of ../shared/data, which are not part of the repository.
Texts that people wrote to be read should stay; the pages of bench_crawl are a crawl, and some of them should not.
"""

from __future__ import annotations

import gzip
import json
import re
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
from fastwarc.warc import ArchiveIterator, WarcRecordType

from benchmarks.gold import read as read_gold
from corpus.extract.config import ExtractConfig
from corpus.extract.page import extract_page
from corpus.language.identify import identify_languages
from corpus.quality.measurement import measure_texts
from corpus.quality.rules import DEFAULT, LANGUAGE_SCORE, apply_rules
from corpus.text.normal_form import normalise

FOLDER = Path(__file__).resolve().parents[2] / "shared" / "data"
LEAST = 500  # bytes: what is shorter is a stub, a redirect or a table of contents
MSGSTR = re.compile(r'^msgstr (".*"(?:\n".*")*)', re.MULTILINE)
QUOTED = re.compile(r'"(.*)"')


def texts(folder: Path) -> Iterator[tuple[str, str]]:
    """(source, text), normalised."""
    for source, text in _texts(folder / "text"):
        if len(text.encode()) >= LEAST:
            yield source, normalise(text)
    for page in read_gold([str(folder / "html")]):
        found = extract_page(page.html, None, ExtractConfig())
        if not isinstance(found, str) and len(found.text.encode()) >= LEAST:
            yield f"html {page.source}", found.text
    seen = set()
    for path in sorted((folder / "bench_crawl").glob("*.warc.gz")):
        for record in ArchiveIterator(str(path), record_types=WarcRecordType.response):
            found = extract_page(record.reader.read(), record.http_charset, ExtractConfig())
            if not isinstance(found, str) and found.text[:200] not in seen:
                seen.add(found.text[:200])
                yield "bench_crawl", found.text


def _texts(folder: Path) -> Iterator[tuple[str, str]]:
    for path in sorted((folder / "LCTT-TranslateProject").rglob("*.md")):
        yield "Linux China", path.read_text(encoding="utf-8", errors="replace")
    for path in sorted((folder / "mdn-archived").rglob("*.html")):
        found = extract_page(path.read_bytes(), "utf-8", ExtractConfig())
        if not isinstance(found, str):
            yield "MDN", found.text
    for path in sorted((folder / "python-docs-po").rglob("*.po")):
        messages = ["".join(QUOTED.findall(found)) for found in MSGSTR.findall(path.read_text(encoding="utf-8"))]
        yield "Python documentation", "\n\n".join(message for message in messages[1:] if message).replace("\\n", "\n")
    for path in sorted((folder / "aozorabunko").rglob("*.txt")):
        yield "Aozora", path.read_bytes().decode("shift_jis", errors="replace")
    for path in sorted((folder / "classic-books-markdown").rglob("*.md")):
        yield "books", path.read_text(encoding="utf-8", errors="replace")
    for path in sorted((folder / "c4-sample-olmo").rglob("*.gz")):
        for line in gzip.decompress(path.read_bytes()).splitlines():
            yield "C4", json.loads(line)["text"]
    for path in sorted((folder / "wikitext-2").glob("*.txt")):
        for article in re.split(r"\n = [^=\n]+ = \n", path.read_text(encoding="utf-8")):
            yield "wikitext-2", article
    for path in sorted((folder / "chinese-poetry").rglob("poet*.json")):
        poems = json.loads(path.read_text(encoding="utf-8"))
        yield "poems, a file", "\n\n".join("\n".join(poem.get("paragraphs", ())) for poem in poems)


def main(arguments: list[str]) -> None:
    folder = Path(arguments[0]) if arguments else FOLDER
    if not folder.is_dir():
        sys.exit(f"this reads texts that are not part of the repository, and {folder} is not there")
    sources, found = zip(*texts(folder), strict=True)
    labels = identify_languages(found)
    codes = [code for code, _ in labels]
    column = pa.array(found, pa.large_string())
    measure_texts(column.slice(0, 1), codes[:1])  # compiled and loaded
    started = time.process_time()
    measures = measure_texts(column, codes)
    seconds = time.process_time() - started
    size = column.nbytes / 1e6
    print(f"{len(found)} texts, {size:.1f} MB: all measures in {1e6 * seconds / len(found):.0f} µs a text, ", end="")
    print(f"{size / seconds:.0f} MB/s\n")
    failed = apply_rules(measures, codes, [score for _, score in labels], DEFAULT, LANGUAGE_SCORE)
    groups: dict[tuple[str, str], list[int]] = defaultdict(list)
    for number, key in enumerate(zip(sources, codes, strict=True)):
        groups[key].append(number)
    print("| source | language | texts | kept | dropped by |\n|---|---|---|---|---|")
    for (source, code), members in sorted(groups.items(), key=lambda group: (group[0][0], -len(group[1]))):
        why = Counter(failure.rule for number in members for failure in failed.get(number, ()))
        kept = sum(number not in failed for number in members)
        reasons = ", ".join(f"{rule} {count}" for rule, count in why.most_common(6))
        if len(members) >= 8:
            print(f"| {source} | {code} | {len(members)} | {100 * kept / len(members):.1f} % | {reasons} |")


if __name__ == "__main__":
    main(sys.argv[1:])
