"""Filters: which share of the documents is dropped by quality rules, by the language of a document and by the country
of its host, so that a rule shows that is harder on some people's pages than on those of others (Dodge et al. 2021)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pyarrow as pa

from corpus.lake.stages import CLEAN, DOCUMENTS, MEASURES
from corpus.lake.store import Lake
from training.risks.findings import Finding, share_by_group

FEWEST = 20  # documents of a group that is shown by itself
OTHERS = "others"
GENERIC = "no country"  # such as .com and .org


def measure_filters(lake: Lake) -> Iterator[Finding]:
    """Of the recipe's crawls, after extraction. `harmless` is the share of all documents. Yields nothing where the lake
    has none."""
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
    if not hosts:
        return
    overall = sum(doc_id in dropped for doc_id in hosts) / len(hosts)
    for what, groups in (
        ("by language", {doc_id: languages.get(doc_id, OTHERS) for doc_id in hosts}),
        ("by country of the host", {doc_id: country(host) for doc_id, host in hosts.items()}),
    ):
        sizes = Counter(groups.values())
        named = {doc_id: group if sizes[group] >= FEWEST else OTHERS for doc_id, group in groups.items()}
        hits = [doc_id in dropped for doc_id in named]
        found = share_by_group("filters", f"documents dropped, {what}", named.values(), hits, overall)
        yield from sorted(found, key=lambda one: (one.group == OTHERS, one.group))


def country(host: str | None) -> str:
    """The last label where it has two letters, which only countries have."""
    last = (host or "").rpartition(".")[2].lower()
    return f".{last}" if len(last) == 2 and last.isalpha() else GENERIC


def _column(table: pa.Table, name: str) -> dict[bytes, str]:
    return dict(zip(table["doc_id"].to_pylist(), table[name].to_pylist(), strict=True))
