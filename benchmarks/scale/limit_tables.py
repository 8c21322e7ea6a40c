"""Limit tables: what one process or worker has to do and to hold, and how long a cluster takes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from benchmarks.scale.markdown import rows_of
from benchmarks.scale.published import Prices
from benchmarks.scale.scenario import CLUSTER
from benchmarks.scale.traffic import PASSED_ON

GIB = 2**30
LARGE = {"a million": 1e6, "100 million": 1e8}  # documents of a crawl
DEALT = ("a segment", "100 million documents", "the snapshot")


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
    signed, kinds, state = plan["signed"], plan["kinds"], result["state"]
    rows = []
    for phase, one in plan["memory"].items():
        together = f"{one['together'] / 1e6:.1f} million" if one["together"] else "the crawl"
        bits = f" and {one['bits']} bit" if one["bits"] else ""
        held = [f"{_held(one, documents) / GIB:,.1f}" for documents in (*LARGE.values(), signed)]
        rows.append([phase, f"{one['bytes']:.0f}{bits}", together, *held, _end(one)])
    found = ", ".join(f"{kind} {kinds[kind]:.0f}" for kind in ("ids", "digests", "bands", "removals"))
    passed_on = ", ".join(f"{kind} {kinds[kind]:.0f}" for kind in PASSED_ON)
    seconds = ", ".join(f"{what} {one['seconds'] * 1e6:.2f}" for what, one in state.items())
    return [
        "## State of deduplication",
        "",
        "Measured: bytes of memory that one worker holds for a document more of those that it has together, beside the "
        "300 MB that any worker of these phases takes; on made-up signatures of 1,000,000 and 4,000,000 documents "
        "(`decide`: of bench-dedup's 10,000,000, without texts and shingles; of `components`: for each candidate, of "
        f"which the run here has {kinds['candidates']:.2f} a document; bins: of the run here). A bit is of every "
        f"document of the crawl. Extrapolated: GiB for crawls of so many signed documents, the last one the snapshot's "
        f"({signed / 1e9:.2f} billion, were as much clean as here), and for how many millions of documents a worker of "
        "8 GiB suffices. What no number of workers divides: in `components` all candidates, in `decide` those of a "
        "component, in `exact` and `groups` the documents of one digest or key.",
        "",
        *rows_of(
            f"phase | bytes a document | together, at most | {' | '.join(LARGE)} | the snapshot's | 8 GiB suffice for, "
            "millions",
            rows,
        ),
        f"Bytes a document in the store: {found}; and until the dataset is published: {passed_on}. Microseconds a "
        f"document of one worker: {seconds} (bands and groups: of one band), decide "
        f"{plan['rates']['deciding'] * 1e6:.1f}.",
        "",
    ]


def _held(one: Mapping[str, float], documents: float) -> float:
    together = min(documents, one["together"]) if one["together"] else documents
    return one["bytes"] * together + one["bits"] / 8 * documents


def _end(one: Mapping[str, float]) -> str:
    """How many million documents 8 GiB suffice for."""
    if one["together"] and not one["bits"]:
        return "any"
    if one["together"]:
        return f"{(8 * GIB - one['bytes'] * one['together']) / one['bits'] * 8 / 1e6:,.0f}"
    return f"{8 * GIB / one['bytes'] / 1e6:,.0f}"


def traffic(result: Mapping[str, Any]) -> list[str]:
    crawls = result["plan"]["traffic"]
    rows = []
    for phase in next(iter(crawls.values())):
        row = [phase]
        for name in DEALT:
            load = crawls[name][phase]
            row += [f"{load['splits']:,}", f"{load['read'] / 1e12:,.2f}"]
        rows.append(row)
    whole = ["**together**"]
    for name in DEALT:
        whole += ["", f"{sum(load['read'] for load in crawls[name].values()) / 1e12:,.2f}"]
    return [
        "## What deduplication reads",
        "",
        "Computed, from the functions by which it is dealt out and the bytes above: how many splits each phase has, "
        "and TB that they read all together, of the row groups and columns that they want. For a crawl in blocks of "
        "128 MiB.",
        "",
        *rows_of("phase | " + " | ".join(f"{name}: splits | TB" for name in DEALT), [*rows, whole]),
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
        [
            name,
            *(f"{one[what] / 1e12:,.1f}" for what in ("last", "all")),
            f"{one['bits'] / GIB:,.1f}",
        ]
        for name, one in result["plan"]["earlier"].items()
    ]
    return [
        "## Compared with all earlier ones",
        "",
        "Extrapolated from the bytes of the index: what the last of so many equal partitions reads of those before, "
        "what all have read together, and the bits, one for each document of all partitions, that a worker holds.",
        "",
        *rows_of("partitions | the last reads, TB | all read, TB | bits in memory, GiB", rows),
    ]
