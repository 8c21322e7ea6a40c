"""Limit tables: what one process or worker has to do and to hold, and how long a cluster takes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from benchmarks.scale.markdown import rows_of
from benchmarks.scale.published import Prices
from benchmarks.scale.scenario import CLUSTER

GIB = 2**30
LARGE = {"a million": 1e6, "100 million": 1e8}  # documents of a crawl


def alone(result: Mapping[str, Any]) -> list[str]:
    plan = result["plan"]
    rows = []
    for name, one in plan["alone"].items():
        rows.append(
            [
                name,
                f"{one['splits']:,.0f}",
                f"{one['digests'] / 3600:,.1f}",
                f"{one['settle'] / 3600:,.1f}",
                f"{one['rows'] / 3600:,.1f}",
                f"{one['graph'] / 1e6:,.1f}",
                f"{one['manifest'] / 1e6:,.1f}",
            ]
        )
    return [
        "## What one process does alone",
        "",
        f"Measured: {result['digest_rate'] / 1e6:.0f} MB/s to digest files before anything begins, bytes of the graph "
        "that Beam gets for ingestion by files and by splits, of a manifest by files, of a part's row. Assumed: "
        f"{CLUSTER.latency * 1e3:.0f} ms a request, one after another. Hours, and MB.",
        "",
        *rows_of(
            "a dataset of | splits | digests of the crawl, h | settling, h | rows, h a stage | job graph, MB | "
            "manifest, MB",
            rows,
        ),
    ]


def memory(result: Mapping[str, Any]) -> list[str]:
    plan = result["plan"]
    signed = plan["signed"]
    rows = [
        [
            phase,
            f"{each:.0f}",
            *(f"{each * documents / GIB:,.1f}" for documents in (*LARGE.values(), signed)),
            f"{8 * GIB / each / 1e6:,.0f}",
        ]
        for phase, each in plan["memory"].items()
    ]
    shuffled = plan["shuffled"]
    kinds = ", ".join(
        f"{name.removesuffix(', a document')} {size:.0f}"
        for name, size in shuffled.items()
        if "," in name and "a document" in name
    )
    seconds = ", ".join(f"{what} {state['seconds'] * 1e6:.2f}" for what, state in result["state"].items())
    return [
        "## State of deduplication",
        "",
        "Measured: bytes of memory that one worker holds for a document more, on made-up signatures of 250,000 and "
        "1,000,000 documents (`decide`: of bench-dedup's 10,000,000, without texts and shingles). Extrapolated: GiB "
        f"for crawls of so many signed documents, the last one the snapshot's ({signed / 1e9:.2f} billion, were as "
        "much clean as here), and how many millions of documents a worker of 8 GiB can hold.",
        "",
        *rows_of(
            f"phase | bytes a document | {' | '.join(LARGE)} | the snapshot's | 8 GiB hold, millions",
            rows,
        ),
        f"Bytes a document in the store: {kinds}. For the snapshot {shuffled['written'] / 1e12:.2f} TB are written, "
        f"and read by the workers that bring bands together {shuffled['read by index, columns'] / 1e12:.2f} TB on a "
        f"disk, of which columns are read, and {shuffled['read by index, whole files'] / 1e12:.1f} TB in a bucket, of "
        f"which files are read whole. Microseconds a document of one worker: {seconds} (a band of index and group), "
        f"decide {plan['rates']['deciding'] * 1e6:.1f}.",
        "",
    ]


def variants(result: Mapping[str, Any]) -> list[str]:
    rows = [
        [
            row["name"],
            f"{row['splits']:,}",
            f"{row['clean'] / 3600:.1f}",
            f"{row['all'] / 3600:.1f}",
            f"{row['workers'] * row['all'] / 3600 * Prices().core_hour:,.0f}",
            f"{row['used']:.0%}",
            f"{row['thrown_away']:.2%}",
            f"{row['spread']:.1%}",
        ]
        for row in result["plan"]["variants"]
    ]
    cluster = CLUSTER
    workers = result["plan"]["variants"][0]["workers"]
    return [
        "## Time, with stragglers and lost workers",
        "",
        f"Simulated: {workers} cores, of segments eight at a time on {cluster.workers}. Assumed: {cluster.start:.0f} "
        f"s until a worker is ready, {cluster.bandwidth / 1e6:.0f} MB/s each, {cluster.latency * 1e3:.0f} ms a "
        f"request, {cluster.request_rate:,.0f} requests a second for a dataset, {cluster.slow_share:.0%} of the "
        f"workers {cluster.slow_factor:.0f} times as slow, {cluster.losses:.0%} of them lost an hour and replaced "
        f"after {cluster.replaced:.0f} s. How splits differ is what was measured here. Digesting the crawl beforehand "
        "is not in it; reading rows and settling are. Dollars are those of the cores, idle or not. The last column: "
        "how far the seeds lie apart.",
        "",
        *rows_of(
            "how | splits of a dataset | to clean, h | with deduplication, h | $ | workers used | thrown away | "
            "seeds apart",
            rows,
        ),
    ]


def earlier(result: Mapping[str, Any]) -> list[str]:
    rows = [
        [name, f"{one['last'] / 1e12:,.2f}", f"{one['all'] / 1e12:,.1f}", f"{one['ids'] / GIB:,.1f}"]
        for name, one in result["plan"]["earlier"].items()
    ]
    return [
        "## Compared with all earlier ones",
        "",
        "Extrapolated from the bytes of the index: what the last of so many equal partitions reads of those before, "
        "what all have read together, and the ids of documents that one worker holds to name keepers.",
        "",
        *rows_of("partitions | the last reads, TB | all read, TB | ids in memory, GiB", rows),
    ]
