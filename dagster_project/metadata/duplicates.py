"""Copies: what deduplication removed and why: figures on the unique asset, and the report's section with texts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import dagster as dg

from corpus.audit.duplicates import Copies, Host, Size, copies, members
from corpus.audit.histograms import Histogram
from corpus.audit.samples import Sample
from corpus.duplicates.banding import DuplicateConfig, candidate_probability
from corpus.lake.manifest import Manifest
from corpus.lake.store import Lake
from dagster_project.metadata.figures import bars, curve, histogram_svg, markdown_image, markdown_table, short

POINTS = 200  # of a curve
NO_HOST = "(no host)"


@dataclass(frozen=True, kw_only=True)
class Duplicates:
    """What the report shows. `members`: of each of the largest clusters, with their texts."""

    found: Copies
    members: Sequence[Sequence[Sample]]
    config: DuplicateConfig

    def numbers(self) -> dict[str, Any]:
        """For report.json."""
        largest = [
            {"keeper": cluster.keeper.hex(), "size": cluster.size, "members": [one.hex() for one in cluster.members]}
            for cluster in self.found.largest
        ]
        bands = {**asdict(self.config.signing()), "agreeing": self.config.min_shared_bands()}
        return {**asdict(self.found), "largest": largest, "threshold": self.config.threshold, "bands": bands}

    def sizes(self) -> str:
        return bars({_sizes(size): size.clusters for size in self.found.sizes}, "clusters")

    def s_curve(self) -> str:
        return s_curve(self.config)

    def missed(self) -> float:
        """The probability that a pair at the threshold is not compared."""
        signing = self.config.signing()
        return 1 - candidate_probability(
            self.config.threshold, signing.bands, signing.rows, self.config.min_shared_bands()
        )

    def hosts(self) -> list[tuple[Host, str, str]]:
        """Each with its own name and those of the hosts whose documents stay, as they are shown."""
        return [(host, host.host or NO_HOST, _keepers(host)) for host in self.found.hosts]


def gather_duplicates(lake: Lake, uniques: Sequence[Manifest], config: DuplicateConfig) -> Duplicates:
    found = copies(lake, uniques, config.threshold)
    return Duplicates(found=found, members=members(lake, uniques, found.largest), config=config)


def of_unique(lake: Lake, uniques: Sequence[Manifest], config: DuplicateConfig) -> dict[str, Any]:
    """Metadata of the unique asset: no texts."""
    found = copies(lake, uniques, config.threshold)
    metadata: dict[str, Any] = {"clusters": found.clusters}
    if found.clusters:
        sizes = [(_sizes(size), size.clusters, size.removed) for size in found.sizes]
        hosts = [(host.host or NO_HOST, host.came, host.removed, _keepers(host)) for host in found.hosts]
        metadata |= {
            "largest_cluster": found.largest[0].size,
            "cluster_sizes": dg.MetadataValue.md(markdown_table(("documents", "clusters", "removed"), sizes)),
            "hosts": dg.MetadataValue.md(markdown_table(("host", "documents", "removed", "for those of"), hosts)),
        }
    if found.similarities is not None:
        metadata["similarity"] = dg.MetadataValue.md(_similarity(found.similarities))
        metadata["median:similarity"] = found.similarities.median
    return metadata


def s_curve(config: DuplicateConfig) -> str:
    """How probably a pair of a Jaccard similarity becomes a candidate, as SVG."""
    signing, agreeing = config.signing(), config.min_shared_bands()
    lines: dict[str, Sequence[tuple[float, float]]] = {
        f"equal in {asked} of {signing.bands} bands of {signing.rows} rows": [
            (place / POINTS, candidate_probability(place / POINTS, signing.bands, signing.rows, asked))
            for place in range(POINTS + 1)
        ]
        for asked in sorted({1, agreeing})
    }
    lines[f"threshold {config.threshold:g}"] = [(config.threshold, 0.0), (config.threshold, 1.0)]
    return curve(lines, "Jaccard similarity of a pair", "probability to be compared")


def _sizes(size: Size) -> str:
    return f"{size.minimum:,}" if size.minimum == size.maximum else f"{size.minimum:,} to {size.maximum:,}"


def _keepers(host: Host) -> str:
    named: Mapping[str, int] = host.keepers
    said = [f"{'its own' if name == host.host else name or NO_HOST} {n:,}" for name, n in named.items()]
    rest = host.removed - sum(named.values())
    return ", ".join([*said, f"others {rest:,}"] if rest else said)


def _similarity(found: Histogram) -> str:
    picture = markdown_image(histogram_svg(found), found.measure)
    return f"{short(found.edges[0])} {picture} {short(found.edges[-1])}, median {short(found.median)}"
