"""Collections of text: clean crawls made by hand, and copies whose similarity comparing all pairs tells."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from stages import publish

from corpus.lake.manifest import Manifest
from corpus.lake.schema import document_id
from corpus.lake.store import Lake
from corpus.privacy.mask import KINDS
from pipelines.cleaning import CLEAN

ENGLISH = [f"{first}{last}" for first in ("ka", "lo", "mi", "nu", "re", "sa") for last in ("ter", "ven", "dor", "lin")]
CHINESE = "江河湖海山川日月星辰风雨雷电花草树木鸟兽虫鱼春夏秋冬东南西北金银铜铁"
RATES = (0.0, 0.004, 0.01, 0.02, 0.03, 0.04, 0.05, 0.08, 0.15, 0.3)


def families(seed: int, count: int, unspaced: bool = False) -> list[str]:
    """`count` texts and of each some copies in which words, or characters, are replaced at RATES; shuffled."""
    dice = random.Random(seed)
    vocabulary = list(CHINESE) if unspaced else [f"{one}{two}" for one in ENGLISH for two in ENGLISH]
    texts = []
    for _ in range(count):
        tokens = dice.choices(vocabulary, k=dice.randrange(60, 300))
        for rate in dice.sample(RATES, dice.choice((1, 2, 4))):
            copy = [dice.choice(vocabulary) if dice.random() < rate else token for token in tokens]
            texts.append(("" if unspaced else " ").join(copy))
    dice.shuffle(texts)
    return texts


def clean_crawl(
    lake: Lake, name: str, documents: Sequence[str | dict[str, Any]], parts: int = 3, stage: str = "clean"
) -> Manifest:
    """A published dataset `<stage>/<name>` of these texts, or of rows with a text and what else is to be set."""
    rows = []
    for number, document in enumerate(documents):
        given = {"text": document} if isinstance(document, str) else document
        place = {"warc_file": f"{number % 2}.warc.gz", "warc_offset": number * 1_000, "warc_length": 900}
        rows.append(
            {
                "doc_id": document_id(name, place["warc_file"], place["warc_offset"]),
                "url": f"https://{name}.example/{number}",
                "host": f"{name}.example",
                "fetched_at": datetime(2026, 1, 1, tzinfo=UTC),
                "payload_digest": "sha256:",
                "html_bytes": 1,
                "charset": "utf-8",
                "title": "",
                "published": None,
                "flags": [],
                "language": "en",
                "language_score": 1.0,
                "masked": dict.fromkeys(KINDS, 0),
                **place,
                **given,
            }
        )
    return publish(lake, stage, name, [], {"documents": (CLEAN, rows)}, parts=parts)


def texts_of(lake: Lake, manifest: Manifest) -> dict[bytes, str]:
    """doc_id -> text of what a dataset kept."""
    tables = lake.read(manifest, "documents", ["doc_id", "text"])
    return {row["doc_id"]: row["text"] for table in tables for row in table.to_pylist()}


def ledger_of(lake: Lake, manifest: Manifest) -> list[dict[str, Any]]:
    return [row for table in lake.read(manifest, "ledger") for row in table.to_pylist()]
