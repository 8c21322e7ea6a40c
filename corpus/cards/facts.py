"""Facts: what manifests say of a dataset: what it was made of, its languages, its crawls, where its records went."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from corpus.lake.manifest import Manifest
from corpus.lake.stages import DOCUMENT_STAGES, DOCUMENTS, STAGES, UNIQUE
from corpus.lake.store import Lake

SHORT = 12  # characters of an address or digest in a name
LISTED = 50  # files of a crawl; of more, the manifest has the digests
LANGUAGE = "language:"


@dataclass(frozen=True, kw_only=True)
class Setting:
    """A setting with which a dataset was made, by its name in a recipe, and what the recipe `base` has."""

    name: str
    value: str
    base: str


@dataclass(frozen=True, kw_only=True)
class Facts:
    """`upstream`: the datasets that this one was made of, directly or by way of others, in the order of the stages, as
    they were read; `gone`: "stage/address" of those that are no longer in the lake. `settings`: those of them that
    differ from the recipe `base`."""

    manifest: Manifest
    upstream: tuple[Manifest, ...]
    gone: tuple[str, ...]
    settings: tuple[Setting, ...] = ()

    def of_stage(self, stage: str) -> list[Manifest]:
        return [one for one in (*self.upstream, self.manifest) if one.stage == stage]

    def one_of_stage(self, stage: str) -> Manifest | None:
        return next(iter(self.of_stage(stage)), None)

    @property
    def languages(self) -> dict[str, int]:
        """Unique documents by language, most first."""
        found: dict[str, int] = {}
        for manifest in self.of_stage(UNIQUE):
            for name, number in manifest.figures.items():
                if name.startswith(LANGUAGE):
                    language = name.removeprefix(LANGUAGE)
                    found[language] = found.get(language, 0) + number
        return dict(sorted(found.items(), key=lambda item: (-item[1], item[0])))

    @property
    def source_files(self) -> list[tuple[str, str, str]]:
        """(crawl, file, SHA-256) of the files that documents were read from."""
        return [(one.partition, *file) for one in self.of_stage(DOCUMENTS) for file in sorted(one.inputs.items())]


def name_of(manifest: Manifest) -> str:
    """A name by which hubs know a dataset or model: "headwater/split-0123456789ab"."""
    return f"headwater/{manifest.stage}-{manifest.address[:SHORT]}"


def find_upstream(lake: Lake, manifest: Manifest) -> tuple[tuple[Manifest, ...], tuple[str, ...]]:
    """Facts.upstream and Facts.gone. A dataset is followed to the ones that it was read from, so that this is the same
    for every recipe that it belongs to."""
    found: dict[tuple[str, str], Manifest | None] = {}
    ahead = [manifest]
    while ahead:
        for name, address in ahead.pop().sources.items():
            key = name.partition("/")[0], address
            if key not in found:
                found[key] = read = lake.find(*key)
                ahead += [read] if read is not None else []
    order = list(STAGES)
    there = [one for one in found.values() if one is not None]
    there.sort(key=lambda one: (order.index(one.stage), one.partition, one.address))
    return tuple(there), tuple(sorted("/".join(key) for key, one in found.items() if one is None))


def fates(facts: Facts) -> list[tuple[str, str, int, int, str]]:
    """(stage, crawls, records in, kept, reasons why the others are not) of each stage that documents came to."""
    rows = []
    for manifest in (*facts.upstream, facts.manifest):
        if manifest.stage in DOCUMENT_STAGES and manifest.counts.records_in:
            counts = manifest.counts
            lost = _sorted({**counts.dropped, **counts.quarantined})
            reasons = ", ".join(f"{reason} {number:,}" for reason, number in lost.items())
            rows.append((manifest.stage, manifest.partition, counts.records_in, counts.kept, reasons))
    return rows


def by_suffix(figures: Mapping[str, Any], prefix: str) -> dict[str, int]:
    """{"en": 5, "de": 3} of figures such as "train_tokens:en", most first."""
    return _sorted({name.removeprefix(prefix): value for name, value in figures.items() if name.startswith(prefix)})


def digest_rows(facts: Facts) -> Sequence[tuple[str, str, str, str]]:
    """(stage, partition, address, SHA-256 of the manifest) of the dataset and all upstream, then of its crawls' files
    (crawl, file, "", SHA-256), where these are not too many to list."""
    datasets = [(one.stage, one.partition, one.address, one.digest) for one in (*facts.upstream, facts.manifest)]
    lost = [name.split("/") for name in facts.gone]
    gone = [(stage, "no longer in the lake", address, "") for stage, address in lost]
    files = [("file of a crawl", f"{crawl}: {file}", "", digest) for crawl, file, digest in facts.source_files]
    return [*datasets, *gone, *(files if len(files) <= LISTED else [])]


def _sorted(numbers: Mapping[str, int]) -> dict[str, int]:
    return dict(sorted(numbers.items(), key=lambda item: (-item[1], item[0])))
