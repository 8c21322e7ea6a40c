"""Graph: the datasets that a dataset was made of.

A dataset's manifest has the content of what it read, and where that was read. Several datasets may have one content;
then the one that the lake's view shows counts (corpus.lake.current.RecipeLake: the recipe's own), else the one that
was read.
"""

from __future__ import annotations

from collections.abc import Sequence

from corpus.lake.manifest import Manifest
from corpus.lake.stages import STAGES, kinds_read
from corpus.lake.store import Lake


def find_source(lake: Lake, manifest: Manifest, name: str) -> Manifest | None:
    """The dataset "stage/partition" that a dataset was made of; None when nothing of its content is left."""
    stage, _, partition = name.partition("/")
    kinds, content = kinds_read(manifest.stage, stage), manifest.inputs[name]
    alike = [
        dataset
        for dataset in lake.datasets(stage)
        if dataset.partition == partition and dataset.content(kinds) == content
    ]
    read = lake.find(stage, manifest.sources[name])
    if read is not None and (not alike or read in alike):
        return read
    return alike[0] if alike else None


def source_datasets(lake: Lake, manifest: Manifest) -> dict[str, Manifest]:
    """ "stage/partition" -> the dataset, for all that a dataset was made of and that are still in the lake."""
    datasets = {name: find_source(lake, manifest, name) for name in manifest.sources}
    return {name: dataset for name, dataset in datasets.items() if dataset is not None}


def sources(lake: Lake, manifest: Manifest, stage: str) -> list[Manifest]:
    """The datasets of an earlier stage that a dataset was made of, by partition.

    Raises FileNotFoundError when one of them is no longer in the lake.
    """
    names = sorted(name for name in manifest.sources if name.startswith(f"{stage}/"))
    datasets = {name: find_source(lake, manifest, name) for name in names}
    missing = [name for name, dataset in datasets.items() if dataset is None]
    if missing:
        raise FileNotFoundError(
            f"{lake.folder(manifest)} was made of {len(names)} datasets of {stage}, and the lake {lake.url} no longer "
            f"has {', '.join(missing)}: run {stage} again"
        )
    return [dataset for dataset in datasets.values() if dataset is not None]


def document_sources(lake: Lake, manifest: Manifest) -> list[Manifest]:
    """The datasets whose documents came to this one; none for the first stage. Raises FileNotFoundError as
    `sources`."""
    found = (sources(lake, manifest, stage) for stage in STAGES[manifest.stage].documents_from)
    return next((manifests for manifests in found if manifests), [])


def all_document_sources(lake: Lake, manifests: Sequence[Manifest]) -> list[Manifest]:
    """As `document_sources`, with those that datasets were made of by way of others: the documents of earlier crawls
    that a crawl was compared with. What is no longer in the lake is left out."""
    read = {stage for manifest in manifests for stage in STAGES[manifest.stage].documents_from}
    met: dict[str, Manifest] = {}
    ahead = list(manifests)
    while ahead:
        manifest = ahead.pop()
        if manifest.stage in read:
            continue  # what that was made of was not read itself: where text was cut out, it still has that
        for source in source_datasets(lake, manifest).values():
            if source.digest not in met:
                met[source.digest] = source
                ahead.append(source)
    chosen = [manifest for manifest in met.values() if manifest.stage in read]
    return sorted(chosen, key=lambda manifest: (manifest.stage, manifest.partition, manifest.address))
