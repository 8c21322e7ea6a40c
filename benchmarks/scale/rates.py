"""Rates: what a page costs at each stage, read from the results of the benchmarks, so that they renew with them.

documents, measures, clean       results/crawl.json: pages a CPU second of one process on a large WARC, by the shares
                                 that these stages have of it
signatures, duplicates, unique   results/dedup.json: CPU seconds of a document in Beam, and what of it is signing and
                                 deciding
tokens                           results/tokenize.json: bytes a second of the stage at work, one thread
split, shards                    the measured run of this benchmark
bytes, shares that stay          the measured run
"""

from __future__ import annotations

import json
import statistics
from dataclasses import dataclass
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parents[1] / "results"
ORDER = ("documents", "measures", "clean", "signatures", "duplicates", "unique", "split", "tokens", "shards")
FROM_WARC = ORDER[:3]
DEDUPLICATION = ORDER[3:6]


@dataclass(frozen=True, kw_only=True)
class Rate:
    """Of a stage, for each page of the crawl (not for each document that reaches it): `seconds` of processor time,
    bytes that are `stored`, records that come `in`."""

    seconds: float
    stored: float
    records: float


@dataclass(frozen=True, kw_only=True)
class Rates:
    """`stages` in their order. `deciding`: seconds a signed document that one worker alone needs. `page_bytes`: of a
    page in its compressed WARC. `text`: bytes of text a page that reach the tokenizer, `tokens` what becomes of them
    in the mean of the languages of bench-tokenize.
    `datatrove`: CPU seconds a page of that system, on the same pages in the same benchmark."""

    stages: dict[str, Rate]
    deciding: float
    page_bytes: float
    text: float
    tokens: float
    datatrove: float

    def seconds(self, *stages: str) -> float:
        return sum(self.stages[stage].seconds for stage in stages)


def read(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((RESULTS / f"{name}.json").read_text())
    return found


def rates(run: dict[str, Any]) -> Rates:
    """`run`: the stages of a measured run to shards."""
    crawl, dedup, tokenize = read("crawl"), read("dedup"), read("tokenize")
    pages = run["documents"]["figures"]["pages"]
    seconds = {stage: run[stage]["cpu"] / pages for stage in ORDER}
    of_a_page = 1 / crawl["systems"]["large"]["headwater, 1 process"]["pages_per_cpu_second"]
    shares = crawl["beam"]["stages"]
    for stage in FROM_WARC:
        seconds[stage] = of_a_page * shares[stage] / sum(shares.values())
    signed = run["signatures"]["records"] / pages
    bare, laps = dedup["systems"]["Headwater, verified"], dedup["systems"]["Headwater, in Beam, one worker"]["laps"]
    signing = bare["signatures"]["cpu"] / bare["documents"]
    deciding = bare["whole"]["cpu"] / bare["documents"] - signing
    # From 22,500 to four times as many: what a document more costs, without what a pipeline costs whatever is in it.
    of_a_document = (laps["large"]["cpu"] - laps["whole"]["cpu"]) / (3 * bare["documents"])
    seconds["signatures"], seconds["duplicates"] = signing * signed, deciding * signed
    seconds["unique"] = max(0.0, of_a_document - signing - deciding) * signed
    stage = tokenize["systems"]["stage, 1"]
    text = run["unique"]["figures"]["text_bytes"] / pages
    seconds["tokens"] = text / (stage["megabytes_per_second"] * 1e6)
    found = {}
    for name in ORDER:
        stored = sum(kind["bytes"] for kind in run[name]["files"].values()) / pages
        found[name] = Rate(seconds=seconds[name], stored=stored, records=run[name]["records"] / pages)
    return Rates(
        stages=found,
        deciding=deciding,
        page_bytes=crawl["input"]["bytes"] / crawl["input"]["pages"],
        text=text,
        tokens=text / statistics.fmean(tokenize["splits"]["ours"].values()),
        datatrove=1 / crawl["systems"]["crawl"]["datatrove, 1 process"]["pages_per_cpu_second"],
    )
