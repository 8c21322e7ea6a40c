"""Published: what others say that the same work takes, and prices. Each with its source; nothing here was measured by
this benchmark."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """Of Common Crawl."""

    name: str
    pages: float
    files: int
    file_bytes: float
    uncompressed: float
    segments: int
    source: str


SNAPSHOT = Snapshot(
    name="CC-MAIN-2024-51",
    pages=2.64e9,
    files=90_000,
    file_bytes=1e9,
    uncompressed=394 * 2**40,
    segments=100,
    source="Common Crawl's announcement of December 2024: 2.64 billion pages, 394 TiB uncompressed. About 90,000 "
    "files of about 1 GB in 100 segments are rounded figures of recent crawls",
)


@dataclass(frozen=True, kw_only=True)
class Prices:
    """In dollars. `core_hour`: of a core of a machine on demand, memory included; `get` and `put`: of a request, where
    HEAD is priced as GET and LIST as PUT; `month`: of a byte stored for a month. Transfer within a region is free."""

    core_hour: float = 0.04
    get: float = 0.0004 / 1000
    put: float = 0.005 / 1000
    month: float = 0.023 / 1e9
    gpu_node_hour: float = 190 / (3 * 0.65)


PRICE_SOURCES = (
    "a core hour $0.04, as the README of cc2dataset reckons for EC2; $0.0004 and $0.005 for a thousand GET and PUT "
    "and $0.023 for a GB and month, list prices of S3 as they are commonly told, taken from no list of a certain day; "
    "a node of H100s $97 an hour, from the cost that NeMo Curator's README tells ($190 for 0.65 h on three nodes)"
)


@dataclass(frozen=True, kw_only=True)
class Peer:
    """`core_hours` in all, of which `pages`, `terabytes` that were read and `tokens` that came out are known; `dollars`
    where the source tells a cost or node hours and not cores."""

    name: str
    what: str
    source: str
    core_hours: float | None = None
    pages: float | None = None
    terabytes: float | None = None
    tokens: float | None = None
    dollars: float | None = None


PEERS = (
    Peer(
        name="C4",
        what="WET of one crawl to English text, on Beam and Dataflow; the text is extracted already",
        source="README of text-to-text-transfer-transformer: 341 CPU-days, 7 TB, 18 h on 450 workers",
        core_hours=341 * 24,
        terabytes=7,
    ),
    Peer(
        name="RedPajama 1, cc_net",
        what="WET of one crawl to text by language and perplexity; 2 to 3 days, here 2.5, and one more for "
        "deduplication and a classifier",
        source="RedPajama-Data, issue 35: 64 cores, 512 GB",
        core_hours=64 * 24 * 3.5,
    ),
    Peer(
        name="NeMo Curator",
        what="near-duplicates alone, not verified, texts ready; 2.05 h on one node of H100s",
        source="its README, which warns that its panels differ; 1.78 trillion tokens were told elsewhere",
        tokens=1.78e12,
        dollars=2.05 * Prices().gpu_node_hour,
    ),
)
UNPUBLISHED = (
    "Of FineWeb and RefinedWeb no figure of what the data processing took was found: datatrove's issue 245 asks for "
    "it and has no answer, DCLM's issue 49 says that none is at hand, and the cost of FineWeb that is told (120,000 "
    "hours of H100) went into training models to choose filters."
)
