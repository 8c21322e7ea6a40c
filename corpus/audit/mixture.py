"""Mixture: what the training documents are made of: how many of them, and of their tokens, each language, host and
crawl has. Read are ids, hosts, languages and lengths, a few bytes a document; no text."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from corpus.lake.manifest import Manifest
from corpus.lake.store import Lake

SHOWN = 12  # languages, hosts and crawls that are named
NO_HOST = "(no host)"


@dataclass(frozen=True, kw_only=True)
class Part:
    """A language, host or crawl. `name`: None for all those together that are not named."""

    name: str | None
    documents: int
    tokens: int


@dataclass(frozen=True, kw_only=True)
class Mixture:
    """Each by its tokens, most first; of training documents, each counted once, whatever a mix takes of them."""

    languages: Sequence[Part]
    hosts: Sequence[Part]
    crawls: Sequence[Part]


def find_mixture(lake: Lake, split: Manifest, tokens: Manifest, crawls: Sequence[Manifest]) -> Mixture:
    """Of the training documents of `split`, with the lengths that `tokens` gives them. `crawls`: of each crawl a
    dataset of the stage documents."""
    lengths = _read(lake, tokens, "train", ["doc_id", "length"])
    pages = _read(lake, split, "train", ["doc_id", "language", "host"])
    places = pc.index_in(lengths["doc_id"], value_set=pages["doc_id"].combine_chunks())
    count = lengths["length"]
    owned = [_owned(lake, crawl, lengths) for crawl in crawls] if len(crawls) > 1 else [count]
    return Mixture(
        languages=_parts(_totals(pc.take(pages["language"], places), count)),
        hosts=_parts(_totals(pc.fill_null(pc.take(pages["host"], places), NO_HOST), count)),
        crawls=_parts(
            (crawl.partition, len(some), pc.sum(some).as_py() or 0) for crawl, some in zip(crawls, owned, strict=True)
        ),
    )


def _read(lake: Lake, manifest: Manifest, kind: str, columns: list[str]) -> pa.Table:
    return pa.concat_tables(lake.read(manifest, kind, columns))


def _owned(lake: Lake, crawl: Manifest, lengths: pa.Table) -> pa.ChunkedArray:
    """The lengths of those documents that are of the crawl."""
    ids = _read(lake, crawl, "documents", ["doc_id"])["doc_id"].combine_chunks()
    return lengths["length"].filter(pc.is_in(lengths["doc_id"], value_set=ids))


def _totals(names: pa.ChunkedArray, lengths: pa.ChunkedArray) -> list[tuple[str, int, int]]:
    grouped = (
        pa.table({"name": names, "tokens": lengths})
        .group_by("name")
        .aggregate([("tokens", "count"), ("tokens", "sum")])
    )
    return [(row["name"], row["tokens_count"], row["tokens_sum"]) for row in grouped.to_pylist()]


def _parts(totals: Iterable[tuple[str, int, int]]) -> list[Part]:
    found = [Part(name=name, documents=documents, tokens=tokens) for name, documents, tokens in totals]
    found.sort(key=lambda part: (-part.tokens, str(part.name)))
    if len(found) <= SHOWN:
        return found
    rest = found[SHOWN:]
    others = Part(name=None, documents=sum(one.documents for one in rest), tokens=sum(one.tokens for one in rest))
    return [*found[:SHOWN], others]
