"""Mixture: tokens and documents by language, host and crawl, each training document counted once."""

from __future__ import annotations

import pyarrow as pa
import pytest
from stages import SPOKEN, page, publish

from corpus.audit.mixture import NO_HOST, SHOWN, Part, find_mixture
from corpus.lake.manifest import Manifest
from corpus.lake.schema import DOC_ID
from corpus.lake.store import Lake

LENGTHS = pa.schema([pa.field("doc_id", DOC_ID), pa.field("length", pa.int64())])


def lake_of(lake: Lake, pages: dict[str, list[dict]], lengths: dict[bytes, int]) -> list[Manifest]:
    """The datasets split and tokens, and the documents of each crawl."""
    crawls = [publish(lake, "documents", name, [], {"documents": (SPOKEN, rows)}) for name, rows in pages.items()]
    rows = [row for some in pages.values() for row in some if row["doc_id"] in lengths]
    split = publish(lake, "split", "+".join(pages), [], {"train": (SPOKEN, rows), "heldout": (SPOKEN, [])})
    counted = [{"doc_id": doc_id, "length": length} for doc_id, length in lengths.items()]
    tokens = publish(lake, "tokens", "+".join(pages), [split], {"train": (LENGTHS, counted)})
    return [split, tokens, *crawls]


def test_tokens_by_language_host_and_crawl(tmp_path_factory: pytest.TempPathFactory) -> None:
    lake = Lake(str(tmp_path_factory.mktemp("lake")))
    old = [page("old", n, language="de" if n == 0 else "en", host="a.example") for n in range(3)]
    new = [page("new", n, language="en", host="b.example" if n else None) for n in range(2)]
    trained = {0: old[0], 1: old[1], 3: new[0], 4: new[1]}  # the third of the old ones is not
    lengths = {row["doc_id"]: 10 ** (place % 4) for place, row in trained.items()}
    split, tokens, *crawls = lake_of(lake, {"old": old, "new": new}, lengths)
    found = find_mixture(lake, split, tokens, crawls)
    assert found.languages == [Part(name="en", documents=3, tokens=1011), Part(name="de", documents=1, tokens=1)]
    assert found.hosts == [
        Part(name=NO_HOST, documents=1, tokens=1000),
        Part(name="a.example", documents=2, tokens=11),
        Part(name="b.example", documents=1, tokens=1),
    ]
    assert found.crawls == [Part(name="new", documents=2, tokens=1001), Part(name="old", documents=2, tokens=11)]
    [alone] = find_mixture(lake, split, tokens, crawls[:1]).crawls
    assert alone == Part(name="old", documents=4, tokens=1012), "of one crawl everything is"


def test_the_smallest_hosts_are_counted_together(tmp_path_factory: pytest.TempPathFactory) -> None:
    lake = Lake(str(tmp_path_factory.mktemp("lake")))
    rows = [page("one", n, host=f"h{n:02}.example") for n in range(SHOWN + 3)]
    split, tokens, *crawls = lake_of(lake, {"one": rows}, {row["doc_id"]: n + 1 for n, row in enumerate(rows)})
    hosts = find_mixture(lake, split, tokens, crawls).hosts
    assert len(hosts) == SHOWN + 1 and hosts[0].name == f"h{SHOWN + 2:02}.example"
    assert hosts[-1] == Part(name=None, documents=3, tokens=1 + 2 + 3)
