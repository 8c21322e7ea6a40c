"""Sentences: SST-2 fine-tuned on from the pretrained encoder, one folder a setting and a seed."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks.dedup.contestants import BENCHMARKS
from benchmarks.finetuning.runs import FOLDER as PRETRAINING
from benchmarks.finetuning.runs import pretrain
from benchmarks.finetuning.tasks import READER
from benchmarks.proof.pages import SHARED
from corpus.lake.manifest import canonical_json, sha256
from training.distributed.device import require_determinism
from training.finetuning.data import find_files
from training.finetuning.fields import Example, read_examples
from training.finetuning.plan import FinetunePlan
from training.finetuning.rows import read_rows
from training.finetuning.run import finetune

DATA = SHARED / "bench" / "sst2" / "data" / "SST2"
COLUMNS = ("text", "label")
FOLDER = BENCHMARKS.parent / "build" / "finetuning-options"


def finetune_sentences(folder: Path, plan: FinetunePlan) -> Path:
    """Where the model is; one that is there is not made again."""
    start = pretrain(PRETRAINING, READER)
    require_determinism(plan.threads)
    out = folder / "runs" / sha256(canonical_json(asdict(plan)))[:16]
    finetune(plan, find_files(DATA, None, None, columns=COLUMNS), start, out)
    return out


def read_sentences(part: str) -> Sequence[Example]:
    path = DATA / f"{part}.tsv"
    return read_examples("classification", read_rows(path, COLUMNS), {}, str(path))


def read_score(out: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((out / "score.json").read_text())
    return found
