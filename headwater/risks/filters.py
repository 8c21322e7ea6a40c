"""Filters: which share of the documents is dropped by quality rules, so that a rule shows that is harder on some
people's pages than on those of others (Dodge et al. 2021): by language, country of the host, topic, English spelling.

The last two need texts, and are of a sample: of English documents those that are first by their ids, which are hashes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from heapq import nsmallest

import pyarrow as pa

from corpus.lake.stages import CLEAN, DOCUMENTS, MEASURES
from corpus.lake.store import Lake
from headwater.risks.spelling import find_spelling
from headwater.risks.topics import NO_TOPIC, find_topics
from training.risks.findings import Finding, share_by_group
from training.risks.texts import LONGEST

FEWEST = 20  # documents of a group that is shown by itself
OTHERS = "others"
GENERIC = "no country"  # such as .com and .org
SAMPLE = 5_000  # documents whose texts are read
ENGLISH = "en"  # of whose words topics and spellings are


def measure_filters(lake: Lake) -> Iterator[Finding]:
    """Of the recipe's crawls, after extraction. `harmless` is the share of all that are compared. Yields nothing where
    the lake has none, and no topics where texts are too few for any."""
    languages, hosts = dict[bytes, str](), dict[bytes, str]()
    for manifest in lake.datasets(MEASURES):
        for table in lake.read(manifest, "measures", ["doc_id", "language"]):
            languages |= _column(table, "language")
    for manifest in lake.datasets(DOCUMENTS):
        for table in lake.read(manifest, "documents", ["doc_id", "host"]):
            hosts |= _column(table, "host")
    dropped = {
        row["doc_id"]
        for manifest in lake.datasets(CLEAN)
        for table in lake.read(manifest, "ledger", ["doc_id", "outcome"])
        for row in table.to_pylist()
    }
    yield from _drops("by language", {doc_id: languages.get(doc_id, OTHERS) for doc_id in hosts}, dropped)
    yield from _drops("by country of the host", {doc_id: country(host) for doc_id, host in hosts.items()}, dropped)
    english = nsmallest(SAMPLE, (doc_id for doc_id in hosts if languages.get(doc_id) == ENGLISH))
    texts = _read_texts(lake, set(english))
    topics = dict(zip(texts, find_topics(list(texts.values())), strict=True))
    if set(topics.values()) - {NO_TOPIC}:
        yield from _drops("by topic, in English", topics, dropped)
    yield from _drops(
        "by spelling, in English", {doc_id: find_spelling(text) for doc_id, text in texts.items()}, dropped
    )


def _drops(what: str, groups: Mapping[bytes, str], dropped: Collection[bytes]) -> Iterator[Finding]:
    """The share that is dropped of each group, small ones together, those last. `groups`: by document."""
    if not groups:
        return
    sizes = Counter(groups.values())
    named = [group if sizes[group] >= FEWEST else OTHERS for group in groups.values()]
    hits = [doc_id in dropped for doc_id in groups]
    found = share_by_group("filters", f"documents dropped, {what}", named, hits, sum(hits) / len(hits))
    yield from sorted(found, key=lambda one: (one.group == OTHERS, one.group))


def _read_texts(lake: Lake, chosen: Collection[bytes]) -> dict[bytes, str]:
    """The texts of documents, kept and dropped alike, in order of their ids, cut to LONGEST characters."""
    texts = dict[bytes, str]()
    for manifest in lake.datasets(DOCUMENTS):
        for entry in manifest.of_kind("documents"):
            for row in lake.read_rows(f"{lake.folder(manifest)}/{entry.path}", ["doc_id", "text"]):
                if row["doc_id"] in chosen:
                    texts[row["doc_id"]] = row["text"][:LONGEST]
    return dict(sorted(texts.items()))


def country(host: str | None) -> str:
    """The last label where it has two letters, which only countries have."""
    last = (host or "").rpartition(".")[2].lower()
    return f".{last}" if len(last) == 2 and last.isalpha() else GENERIC


def _column(table: pa.Table, name: str) -> dict[bytes, str]:
    return dict(zip(table["doc_id"].to_pylist(), table[name].to_pylist(), strict=True))
