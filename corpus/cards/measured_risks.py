"""Measured risks: what the lake knows of what a checkpoint may do wrong, as a section of its card."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from corpus.cards.facts import name_of
from corpus.cards.markdown import escape_markup, table
from corpus.lake.manifest import Manifest
from corpus.lake.stages import CHECKPOINT, RISKS, kinds_read
from corpus.lake.store import Lake

FINDINGS_FILE = "findings/risks.json"
HEADER = ("risk", "measure", "group", "value", "95 % interval", "items", "without the risk")
NONE = (
    "None were measured. `headwater risks` measures them and prints a table; the asset `risks` keeps it in the lake, "
    "and the asset `model_card` or `headwater card` then writes it here."
)
ABOUT = (
    "Intervals say how far a number could be off by the choice of texts and questions. The last column is what a model "
    "without the risk would have, where that is known. What is in no table was not measured."
)

Finding = Mapping[str, Any]


def find_risks(lake: Lake, model: Manifest) -> list[Manifest]:
    """The datasets of risks in the lake that are of a checkpoint, or of one with the same weights."""
    weights = model.content(kinds_read(RISKS, CHECKPOINT))
    return [one for one in Lake(lake.url).datasets(RISKS) if one.inputs.get(model.name) == weights]


def read_findings(lake: Lake, manifest: Manifest) -> list[dict[str, Any]]:
    """Of a dataset of risks, rows of training.risks.findings.Finding."""
    found: list[dict[str, Any]] = json.loads(lake.fs.cat_file(f"{lake.folder(manifest)}/{FINDINGS_FILE}"))["findings"]
    return found


def risks_section(lake: Lake, model: Manifest) -> list[str]:
    """A table for each dataset: one measured with other texts or tests has numbers of its own."""
    found = find_risks(lake, model)
    tables = [part for one in found for part in (_source(one), _findings_table(read_findings(lake, one)))]
    return ["## Risks", *([ABOUT, *tables] if tables else [NONE])]


def _source(manifest: Manifest) -> str:
    """Which dataset, and what it was measured with, by the manifest."""
    config = manifest.config
    files = sorted({name.partition("/")[0] for name in manifest.inputs if name not in manifest.sources})
    given = f", and with the files of {escape_markup(', '.join(files))}" if files else ""
    return (
        f"From {name_of(manifest)}, SHA-256 {manifest.digest}: measured on {config['texts']:,} training and as many "
        f"held-out texts at most{given}."
    )


def _findings_table(findings: Sequence[Finding]) -> str:
    rows = []
    for one in findings:
        interval = f"{one['low']:.3f} to {one['high']:.3f}"
        harmless = None if one["harmless"] is None else f"{one['harmless']:.3f}"
        row = (one["risk"], one["measure"], one["group"], f"{one['value']:.3f}", interval, one["items"], harmless)
        rows.append(row)
    return table(HEADER, rows)
