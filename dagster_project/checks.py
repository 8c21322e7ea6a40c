"""Checks: what must hold before anything downstream may run. All of them block but `whole` and `interval`,
which warn."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence

import dagster as dg

from corpus.lake.manifest import Manifest
from corpus.lake.store import Lake
from corpus.lake.verification import find_damage
from corpus.privacy import mask as privacy

CONSERVATION, DIGESTS, NOT_EMPTY, LOSS_FINITE = "conservation", "digests", "not_empty", "loss_finite"
WHOLE, INTERVAL = "whole", "interval"
NO_PERSONAL_DATA, READABLE = "no_personal_data", "webdataset_reads_it"
# What must not be published whatever its context: the kinds with a form or a checksum that decides.
CERTAIN = ("private_key", "email", "iban", "card", "ssn")


DESCRIPTIONS = {
    CONSERVATION: "Records in = kept + dropped + quarantined, by the counts and by the rows of the files.",
    DIGESTS: "Every file is there with the bytes that the manifest names.",
    NOT_EMPTY: "Something is left.",
    LOSS_FINITE: "A step was taken, and no loss is NaN, infinite or missing.",
    WHOLE: "No record had to be put into quarantine (warns).",
    INTERVAL: "There are items, and the score lies within its interval (warns).",
    NO_PERSONAL_DATA: "What the recipe masks is nowhere in the titles and texts.",
    READABLE: "The stock webdataset library reads the first tar and finds the documents that the index names.",
}


def specs(asset: dg.AssetKey, *names: str) -> list[dg.AssetCheckSpec]:
    return [dg.AssetCheckSpec(name, asset=asset, blocking=True, description=DESCRIPTIONS[name]) for name in names]


def _result(name: str, passed: bool, **metadata: dg.MetadataValue | str | int | float) -> dg.AssetCheckResult:
    return dg.AssetCheckResult(check_name=name, passed=passed, severity=dg.AssetCheckSeverity.ERROR, metadata=metadata)


def conservation(kept_kinds: Sequence[str], *manifests: Manifest) -> dg.AssetCheckResult:
    """records in = kept + dropped + quarantined in each dataset, by its manifest's counts and by the rows of its
    files."""
    passed, records, all_kept, all_lost = True, 0, 0, 0
    for manifest in manifests:
        counts = manifest.counts
        kept = sum(entry.rows for kind in kept_kinds for entry in manifest.of_kind(kind))
        ledger = sum(entry.rows for entry in manifest.of_kind("ledger"))
        lost = sum(counts.dropped.values()) + sum(counts.quarantined.values())
        passed &= counts.lost == 0 and kept == counts.kept and ledger == lost
        records, all_kept, all_lost = records + counts.records_in, all_kept + kept, all_lost + ledger
    return _result(CONSERVATION, passed, records_in=records, kept_rows=all_kept, ledger_rows=all_lost)


def digests(lake: Lake, *manifests: Manifest) -> dg.AssetCheckResult:
    """Every file of the datasets is there with the bytes that its manifest names."""
    problems = [problem for manifest in manifests for problem in find_damage(lake, manifest)]
    files = sum(len(manifest.files) for manifest in manifests)
    return _result(DIGESTS, not problems, files=files, problems="\n".join(problems) or "none")


def not_empty(rows: int) -> dg.AssetCheckResult:
    return _result(NOT_EMPTY, rows > 0, rows=rows)


def whole(manifest: Manifest) -> dg.AssetCheckResult:
    """Warns where records could not be read, as at the end of a download that was cut; they are in the quarantine."""
    counts = manifest.counts.quarantined
    said = {reason: dg.MetadataValue.int(number) for reason, number in counts.items()}
    said["broken_bytes"] = dg.MetadataValue.int(int(manifest.figures.get("broken_bytes", 0)))
    return dg.AssetCheckResult(check_name=WHOLE, passed=not counts, severity=dg.AssetCheckSeverity.WARN, metadata=said)


def no_personal_data(lake: Lake, manifest: Manifest, masked: Sequence[str]) -> dg.AssetCheckResult:
    """Reads what was published again: of the kinds that the recipe masks, nothing is left in titles and texts."""
    kinds = [kind for kind in CERTAIN if kind in masked]
    found: Counter[str] = Counter()
    for table in lake.read(manifest, "documents", ["title", "text"]):
        for row in table.to_pylist():
            found.update(span.kind for column in row.values() for span in privacy.find_identifiers(column, kinds))
    return _result(NO_PERSONAL_DATA, not found, looked_for=", ".join(kinds) or "nothing", **found)


def interval(n: int, score: Mapping[str, float] | None) -> dg.AssetCheckResult:
    """Warns of a score without items, or one that does not lie within its interval: such a score says nothing."""
    sound = score is not None and n > 0 and score["low"] <= score["value"] <= score["high"]
    return dg.AssetCheckResult(
        check_name=INTERVAL, passed=sound, severity=dg.AssetCheckSeverity.WARN, metadata={"n": n, **(score or {})}
    )


def loss_finite(losses: Sequence[float | None]) -> dg.AssetCheckResult:
    """Losses as metrics.jsonl has them: some step was taken, and none of them is NaN, infinite or missing because its
    step was skipped."""
    bad = [loss for loss in losses if loss is None or not math.isfinite(loss)]
    return _result(LOSS_FINITE, bool(losses) and not bad, losses=len(losses), not_finite=len(bad))
