"""Numbers: what the datasets of a recipe say, put together: the content of report.json."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from corpus.audit.mixture import Mixture, find_mixture
from corpus.audit.outcomes import most_first
from corpus.audit.survey import Survey
from corpus.lake import stages
from corpus.lake.manifest import Manifest
from corpus.lake.store import Lake
from corpus.lineage.graph import find_source, source_datasets
from dagster_project.metadata.duplicates import Duplicates
from dagster_project.report_page.charts.curves import POINTS, thinned
from pipelines.tokenization import by_language
from training.models.families import read_model

LINE = (stages.SPLIT, stages.ITEMS, stages.TOKENIZER, stages.TOKENS, stages.SHARDS, stages.CHECKPOINT)
CRAWLWISE = (stages.CRAWL, stages.DOCUMENTS, stages.CLEAN, stages.UNIQUE)


def collect_numbers(
    lake: Lake,
    recipe: str,
    manifests: Sequence[Manifest],
    surveyed: Survey,
    duplicates: Duplicates,
    learning: Mapping[str, Any] | None,
    metrics: Sequence[Mapping[str, Any]],
) -> dict[str, Any]:
    """All but the scores. `manifests`: the datasets that these depend on, upstream first. `learning`: the learning
    curve, `metrics`: the lines of metrics.jsonl."""
    dropped: dict[str, dict[str, int]] = {}
    for manifest in manifests:
        lost = {**manifest.counts.dropped, **manifest.counts.quarantined}
        for reason, records in lost.items():
            stage = dropped.setdefault(manifest.stage, {})
            stage[reason] = stage.get(reason, 0) + records
    by_stage = {stage: [m for m in manifests if m.stage == stage] for stage in CRAWLWISE}
    one = {manifest.stage: manifest for manifest in manifests if manifest.stage in LINE}
    listed = _ReadOnce(lake)
    mixture: Mixture = find_mixture(lake, one[stages.SPLIT], one[stages.TOKENS], by_stage[stages.DOCUMENTS])
    return {
        "recipe": recipe,
        "crawls": [manifest.partition for manifest in by_stage[stages.DOCUMENTS]],
        "not_read": {m.partition: m.config["skipped"] for m in by_stage[stages.CRAWL] if m.config.get("skipped")},
        "records": sum(manifest.counts.records_in for manifest in by_stage[stages.DOCUMENTS]),
        "pages": sum(manifest.figures.get("pages", 0) for manifest in by_stage[stages.DOCUMENTS]),
        "html_bytes": sum(manifest.figures.get("html_bytes", 0) for manifest in by_stage[stages.DOCUMENTS]),
        "texts": sum(manifest.figures.get("texts", 0) for manifest in by_stage[stages.DOCUMENTS]),
        "documents": sum(manifest.counts.kept for manifest in by_stage[stages.DOCUMENTS]),
        "clean": sum(manifest.counts.kept for manifest in by_stage[stages.CLEAN]),
        "unique": sum(manifest.counts.kept for manifest in by_stage[stages.UNIQUE]),
        "duplicates": duplicates.numbers(),
        "languages": _languages(by_stage[stages.UNIQUE]),
        "train_documents": one[stages.SPLIT].figures["train"],
        "heldout_documents": one[stages.SPLIT].figures["heldout"],
        "mixture": asdict(mixture),
        "dropped": dropped,
        "funnels": [asdict(funnel) for funnel in surveyed.funnels],
        "vocabulary": one[stages.TOKENIZER].figures["vocabulary"],
        "train_tokens": one[stages.TOKENS].figures["train_tokens"],
        "bytes_per_token": round(
            one[stages.TOKENS].figures["train_bytes"] / one[stages.TOKENS].figures["train_tokens"], 3
        ),
        "bytes_per_token_by_language": by_language(one[stages.TOKENS].figures),
        "training": dict(one[stages.CHECKPOINT].figures),
        "model": _model(one[stages.CHECKPOINT]),
        "losses": {name: _losses(metrics, name) for name in ("loss", "heldout_loss")},
        "learning_curve": learning,
        "stages": [_dataset(listed, manifest) for manifest in manifests],
        "between": [_dataset(listed, manifest) for manifest in _between(listed, manifests)],
        "sample": json.loads(lake.fs.cat_file(f"{lake.folder(one[stages.CHECKPOINT])}/sample/sample.json")),
    }


class _ReadOnce(Lake):
    """A lake, or a recipe's view of it, whose manifests are read once: sources of each dataset are looked up in all."""

    def __init__(self, lake: Lake) -> None:
        super().__init__(lake.url)
        self._lake = lake
        self._listed: dict[str | None, list[Manifest]] = {}

    def datasets(self, stage: str | None = None) -> Iterator[Manifest]:
        if stage not in self._listed:
            self._listed[stage] = list(self._lake.datasets(stage))
        return iter(self._listed[stage])


def _languages(manifests: Sequence[Manifest]) -> dict[str, int]:
    prefix = "language:"
    found: Counter[str] = Counter()
    for manifest in manifests:
        found.update({name[len(prefix) :]: n for name, n in manifest.figures.items() if name.startswith(prefix)})
    return most_first(found)


def _model(checkpoint: Manifest) -> dict[str, Any]:
    """`flops`: of the whole training."""
    shape = read_model(checkpoint.config["model"], checkpoint.name)
    return {
        "parameters": shape.parameters,
        "flops": shape.flops_per_token * int(checkpoint.figures.get("tokens", 0)),
        "layers": shape.num_hidden_layers,
        "width": shape.hidden_size,
        "context": checkpoint.config["train"]["context"],
    }


def _losses(metrics: Sequence[Mapping[str, Any]], name: str) -> list[tuple[int, float]]:
    """(step, loss) of those that are finite, as many as a line shows."""
    found = [(line["step"], line[name]) for line in metrics if name in line and math.isfinite(line[name] or math.nan)]
    return thinned(found, POINTS)


def _dataset(lake: Lake, manifest: Manifest) -> dict[str, Any]:
    """`made_of`: "stage/partition" -> the dataset's digest; None where it is no longer in the lake."""
    found = {name: find_source(lake, manifest, name) for name in manifest.sources}
    return {
        "stage": manifest.stage,
        "partition": manifest.partition,
        "kept": manifest.counts.kept,
        "records_in": manifest.counts.records_in,
        "bytes": manifest.total_bytes,
        "address": manifest.address,
        "digest": manifest.digest,
        "seconds": lake.read_run(manifest).get("seconds"),
        "made_of": {name: source.digest if source else None for name, source in found.items()} | _files(lake, manifest),
    }


def _files(lake: Lake, manifest: Manifest) -> dict[str, str]:
    """Documents are made of files, not of a dataset: the crawl that has these files."""
    if manifest.stage != stages.DOCUMENTS:
        return {}
    for crawl in lake.datasets(stages.CRAWL):
        files = {Path(entry.path).name: entry.sha256 for entry in crawl.files} or dict(crawl.inputs)
        if crawl.partition == manifest.partition and files == manifest.inputs:
            return {crawl.name: crawl.digest}
    return {}


def _between(lake: Lake, manifests: Sequence[Manifest]) -> list[Manifest]:
    """What these were made of besides, by way of others too: measures, nominated duplicates, benchmarks, and so on."""
    met = {manifest.digest: manifest for manifest in manifests}
    ahead, found = list(manifests), []
    while ahead:
        for source in source_datasets(lake, ahead.pop()).values():
            if source.digest not in met:
                met[source.digest] = source
                ahead.append(source)
                found.append(source)
    order = list(stages.STAGES)
    return sorted(found, key=lambda manifest: (order.index(manifest.stage), manifest.partition, manifest.address))


def sum_times(datasets: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """By stage, upstream first: seconds of the runs that made its datasets, as far as these say them."""
    found = []
    for stage in stages.STAGES:
        rows = [row for row in datasets if row["stage"] == stage and row["seconds"] is not None]
        if rows:
            seconds, records = sum(row["seconds"] for row in rows), sum(row["records_in"] for row in rows)
            found.append(
                {
                    "stage": stage,
                    "datasets": len(rows),
                    "seconds": round(seconds, 1),
                    "records_a_second": round(records / seconds) if records and seconds else None,
                    "bytes": sum(row["bytes"] for row in rows),
                }
            )
    return found
