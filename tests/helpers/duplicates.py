"""Duplicates: a lake made by hand of two crawls, the second compared with the first: who went for whom is known."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pyarrow as pa
from stages import SPOKEN, TEXTS, page, publish

from corpus.lake.manifest import Manifest
from corpus.lake.schema import DROPPED, LEDGER, ledger_row
from corpus.lake.store import Lake

WORDS = " ".join(f"word{number}" for number in range(300))
KEPT_TEXT = f"It was a Tuesday <script>alert(1)</script> when {WORDS} ended. Write to jane.doe@example.org now."
GONE_TEXT = KEPT_TEXT.replace("Tuesday", "Wednesday")
CHINESE = "我们今天去北京的天安门广场看升旗"


@dataclass(frozen=True, kw_only=True)
class Deduplicated:
    """`uniques`: of the crawls "old" and "new". `pages`: by crawl and number."""

    lake: Lake
    uniques: tuple[Manifest, Manifest]
    pages: dict[tuple[str, int], dict[str, Any]]

    def doc_id(self, crawl: str, number: int) -> bytes:
        found: bytes = self.pages[crawl, number]["doc_id"]
        return found


def make_duplicates(lake: Lake, parts: int = 2) -> Deduplicated:
    """Pages 0 to 9 are of a.example, from 10 on of b.example, 29 of no host at all.

    `old` 0 stays for `old` 1 (near, 0.95), 2 (same URL), `new` 10 to 16 (near, 0.8 and 0.01 more each) and `new` 29
    (exact); `old` 3 for `old` 12 (exact); `new` 20 for `new` 21 (near, 1.0). In the lake, the old crawl's documents are
    behind the new one's by way of their signatures.
    """
    pages = {
        (crawl, number): page(
            crawl,
            number,
            host=None if number == 29 else "a.example" if number < 10 else "b.example",
            text=f"Text {number} of {crawl}.",
        )
        for crawl in ("old", "new")
        for number in range(30)
    }
    pages["old", 0]["text"] = KEPT_TEXT
    pages["old", 3]["text"], pages["old", 12]["text"] = "Hello, World", "hello world"
    pages["new", 20]["text"], pages["new", 21]["text"] = CHINESE, CHINESE.replace("今", "明")
    went: list[tuple[tuple[str, int], tuple[str, int], str, float | None]] = [
        (("old", 1), ("old", 0), "near_duplicate", 0.95),
        (("old", 2), ("old", 0), "same_url", None),
        (("old", 12), ("old", 3), "exact_duplicate", 1.0),
        (("new", 21), ("new", 20), "near_duplicate", 1.0),
        (("new", 29), ("old", 0), "exact_duplicate", 1.0),
        *((("new", 10 + more), ("old", 0), "near_duplicate", 0.8 + more / 100) for more in range(7)),
    ]
    for gone, keeper, _, _ in went:
        if keeper == ("old", 0):
            pages[gone]["text"] = GONE_TEXT
    made: list[Manifest] = []
    signed: list[Manifest] = []
    for crawl in ("old", "new"):
        came = [one for (name, _), one in pages.items() if name == crawl]
        ledger = [
            ledger_row(pages[gone], "unique", DROPPED, reason, keeper=pages[keeper]["doc_id"], similarity=similarity)
            for gone, keeper, reason, similarity in went
            if gone[0] == crawl
        ]
        ids = {row["doc_id"] for row in ledger}
        stay = [one for one in came if one["doc_id"] not in ids]
        documents = {"documents": (pa.schema(TEXTS), came), "ledger": (LEDGER, [])}
        read = publish(lake, "documents", crawl, [], documents, parts=parts)
        cleaned = {"documents": (SPOKEN, came), "ledger": (LEDGER, [])}
        clean = publish(lake, "clean", crawl, [read], cleaned, parts=parts)
        signed.append(publish(lake, "signatures", crawl, [clean], {}, parts=parts))
        compared = publish(lake, "duplicates", crawl, signed, {}, parts=parts)
        files = {"documents": (SPOKEN, stay), "ledger": (LEDGER, ledger)}
        made.append(publish(lake, "unique", crawl, [clean, compared], files, parts=parts))
    return Deduplicated(lake=lake, uniques=(made[0], made[1]), pages=pages)
