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
from dagster_project.metadata.figures import histogram_svg, markdown_image, markdown_table, short

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
        sizes = [(say_size(size), size.clusters, size.removed) for size in found.sizes]
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


def say_size(size: Size) -> str:
    """How many documents a cluster has."""
    return f"{size.minimum:,}" if size.minimum == size.maximum else f"{size.minimum:,} to {size.maximum:,}"


def _keepers(host: Host) -> str:
    named: Mapping[str, int] = host.keepers
    said = [f"{'its own' if name == host.host else name or NO_HOST} {n:,}" for name, n in named.items()]
    rest = host.removed - sum(named.values())
    return ", ".join([*said, f"others {rest:,}"] if rest else said)


def _similarity(found: Histogram) -> str:
    picture = markdown_image(histogram_svg(found), found.measure)
    return f"{short(found.edges[0])} {picture} {short(found.edges[-1])}, median {short(found.median)}"
