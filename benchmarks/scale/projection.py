"""Projection: all that is computed from what was measured, for the results and the report."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from benchmarks.scale import plan, scenario, traffic
from benchmarks.scale.counting_store import INPUT
from benchmarks.scale.published import SNAPSHOT, Prices
from benchmarks.scale.rates import rates

AT_A_TIME, SEEDS = 8, (1, 2)
BLOCKS = {"16 MiB": 16 << 20, "128 MiB": 128 << 20, "1 GB": int(SNAPSHOT.file_bytes)}
PARTITIONS = {
    "10 snapshots, each one partition": (1, 10),
    "1 snapshot by segment": (SNAPSHOT.segments, SNAPSHOT.segments),
    "10 snapshots by segment": (SNAPSHOT.segments, 10 * SNAPSHOT.segments),
}


def compute(measured: Mapping[str, Any]) -> dict[str, Any]:
    """From the measured part of the results, and the results of other benchmarks."""
    run, state, prices = measured["run"], measured["state"], Prices()
    rate = rates(run)
    each = plan.requests(measured["requests"]["few"], measured["requests"]["many"])
    size = plan.sizes(measured["graphs"], run)
    kinds = traffic.kinds(run)
    signed = rate.stages["signatures"].records * SNAPSHOT.pages
    costs = scenario.Costs(
        requests={
            command: sum(asked.get(one, 0) for one in (*plan.GETS, *plan.PUTS)) for command, asked in each.items()
        },
        # Shingles are computed by those who read the texts; here they are in what deciding takes.
        seconds={name: one["seconds"] for name, one in state.items()} | {"shingle sets": 0, "decide": rate.deciding},
        kinds=kinds,
        uneven=measured["uneven"],
    )
    alone = {
        f"a {what}, blocks of {name}": plan.alone(
            size, files, SNAPSHOT.file_bytes, block_bytes, scenario.CLUSTER.latency, measured["digest_rate"]
        )
        for what, files in (("snapshot", SNAPSHOT.files), ("segment", SNAPSHOT.files // SNAPSHOT.segments))
        for name, block_bytes in BLOCKS.items()
    }
    many = measured["requests"]["many"]

    def dealt_out(documents: float, block_bytes: int) -> dict[str, traffic.Load]:
        return traffic.loads(kinds, documents, round(plan.blocks(SNAPSHOT, block_bytes) * documents / signed))

    crawls = {"a segment": signed / SNAPSHOT.segments, "100 million documents": 1e8, "the snapshot": signed}
    dealt = {name: dealt_out(documents, BLOCKS["128 MiB"]) for name, documents in crawls.items()}
    return {
        "rates": asdict(rate),
        "stages": plan.stages(rate, SNAPSHOT, prices),
        "by_bytes": SNAPSHOT.files * SNAPSHOT.file_bytes / (SNAPSHOT.pages * rate.page_bytes),
        "requests": each,
        "request_costs": plan.request_costs(
            each, dealt_out(signed / SNAPSHOT.segments, plan.BLOCK_BYTES), SNAPSHOT, plan.BLOCK_BYTES, prices
        ),
        "overread": {name: plan.overread(block_bytes) for name, block_bytes in BLOCKS.items()},
        "overread_measured": many["ingest"]["out"] / many[INPUT]["bytes"] - 1,  # once for the digests
        "alone": alone,
        "signed": signed,
        "memory": plan.memory(state, kinds, run["unique"]["figures"]["text_bytes"] / run["unique"]["kept"]),
        "kinds": kinds,
        "traffic": {name: {phase: asdict(load) for phase, load in found.items()} for name, found in dealt.items()},
        "variants": scenario.variants(rate, costs, SNAPSHOT, AT_A_TIME, SEEDS),
        "earlier": {
            name: plan.earlier(kinds, signed / of_a_snapshot, count)
            for name, (of_a_snapshot, count) in PARTITIONS.items()
        },
        "normalised": plan.normalised(rate, SNAPSHOT, prices),
    }
