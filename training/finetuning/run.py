"""Run: a fine-tuning from its files to its folder."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from corpus.lake.manifest import canonical_json, sha256
from training.finetuning.catalog import TASKS
from training.finetuning.data import Files, hold_back, make_folds, read_data
from training.finetuning.fields import Example, read_examples
from training.finetuning.finished import MODEL, Finetuned, write_model
from training.finetuning.heads import find_folder
from training.finetuning.inputs import load_inputs
from training.finetuning.learning import fit
from training.finetuning.plan import FinetunePlan
from training.finetuning.results import SCORE, Scored, interval
from training.finetuning.rows import read_rows
from training.finetuning.tasks import Prediction, Task
from training.inference.loading import model_digest

NEEDED = ("accelerate", "peft", "seqeval")  # of the extra, beside what Headwater has anyway
STEPS = "steps"  # below the folder: Trainer's own checkpoints, until the model is there


def finetune(plan: FinetunePlan, files: Files, start: Path, out: Path) -> int:
    """Prints the scores. Raises ValueError where `out` holds the scores of other settings, data or weights."""
    if missing := [name for name in NEEDED if find_spec(name) is None]:
        raise ValueError(f"fine-tuning needs {', '.join(missing)}: pip install 'headwater[finetune]'")
    if plan.private_epsilon and find_spec("opacus") is None:
        raise ValueError("private fine-tuning needs opacus: pip install 'headwater[private]'")
    if plan.private_epsilon and (ranks := os.environ.get("WORLD_SIZE", "1")) != "1":
        raise ValueError(f"private_epsilon is for one process, not {ranks}: leave out torchrun, or processes")
    folder = find_folder(start)
    key = {"plan": asdict(plan), "data": files.digests(), "start": model_digest(folder), "names": _names(files)}
    main = os.environ.get("RANK", "0") == "0"
    if (out / SCORE).is_file():
        found = json.loads((out / SCORE).read_text())
        if found["made_from"] != key:
            raise ValueError(f"{out} holds what other settings, data or weights came to; give another --out")
    else:
        steps = out / STEPS / sha256(canonical_json(key))[:16]
        scored, finetuned, about = (_folds if plan.folds else _one)(plan, files, folder, steps)
        if main:
            found = scored.score(key, **about)
            out.mkdir(parents=True, exist_ok=True)
            if finetuned:
                write_model(finetuned, out / MODEL)
            scored.write(out, found)
            shutil.rmtree(out / STEPS, ignore_errors=True)
    if main:
        print(summary(found, out))
    return 0


Made = tuple[Scored, Finetuned | None, dict[str, Any]]  # the last: what score.json says besides


def _one(plan: FinetunePlan, files: Files, start: Path, steps: Path) -> Made:
    kind = TASKS[plan.task]
    data = read_data(files, plan, kind.passage)
    if data.left_out and os.environ.get("RANK", "0") == "0":
        print(data.left_out, file=sys.stderr, flush=True)
    task = kind.learn(plan, data.known).of_part(data.train)
    finetuned = _fit(task, data.train, data.validation, start, steps, data.files)
    said, plain = finetuned.predict(data.scored), finetuned.task.trivial(data.train, data.scored)
    counts = {"train": len(data.train), "validation": len(data.validation)}
    scored = _scored(finetuned.task, data.scored, said, plain)
    about = {"scored_on": data.scored_on, "examples": counts}
    return scored, finetuned, {**about, "privacy": finetuned.privacy} if finetuned.privacy else about


def _folds(plan: FinetunePlan, files: Files, start: Path, steps: Path) -> Made:
    """Each example is scored by the model that has not seen it. Of the others a part validates."""
    examples = read_examples(plan.task, read_rows(files.train, files.columns), files.fields or {}, str(files.train))
    whole = TASKS[plan.task].learn(plan, examples)
    predictions: list[Prediction] = [{} for _ in examples]
    trivial: list[Prediction] = [{} for _ in examples]
    each = []
    for number, (inside, others) in enumerate(make_folds(examples, plan, whole.passage), start=1):
        print(f"fold {number} of {plan.folds}", flush=True)
        train, validation = hold_back(others, plan, whole.passage)
        asked = [examples[place] for place in inside]
        finetuned = _fit(whole.of_part(train), train, validation, start, steps / f"fold-{number}")
        said, plain = finetuned.predict(asked), finetuned.task.trivial(train, asked)
        scored = _scored(finetuned.task, asked, said, plain)
        each.append(interval(scored.scores, scored.clusters))
        for place, one, other in zip(inside, said, plain, strict=True):
            predictions[place], trivial[place] = one, other
    scored = _scored(whole, examples, predictions, trivial)
    return scored, None, {"scored_on": "folds", "folds": each}


def _scored(
    task: Task, examples: Sequence[Example], predictions: Sequence[Prediction], trivial: Sequence[Prediction]
) -> Scored:
    """`trivial`: the predictions of the baseline."""
    return Scored(
        task=task,
        examples=examples,
        predictions=predictions,
        scores=task.score(examples, predictions),
        trivial=task.score(examples, trivial),
    )


def _fit(
    task: Task,
    train: Sequence[Example],
    validation: Sequence[Example],
    start: Path,
    steps: Path,
    scored: Mapping[Path, Sequence[Example]] | None = None,
) -> Finetuned:
    inputs = load_inputs(start, task.plan.max_tokens)
    task.prepare(inputs)
    learnt = fit(task, start, train, validation, inputs, steps, scored)
    return Finetuned(task=task, model=learnt.model, inputs=inputs, privacy=learnt.privacy)


def _names(files: Files) -> dict[str, Any]:
    return {"columns": list(files.columns), "fields": dict(files.fields or {})}


def summary(found: Mapping[str, Any], out: Path) -> str:
    score, [(plain, baseline)] = found["score"], found["beside"].items()
    what = {"test": "test examples", "validation": "validation examples, by which the best epoch was chosen"}
    on = what.get(found["scored_on"], "examples, each by a model that has not seen it")
    return (
        f"{found['task']}: {found['metric']} {score['value']:.4f} ({score['low']:.4f} to {score['high']:.4f}) on "
        f"{found['n']:,} {on}\n"
        f"baseline, {plain}: {baseline['value']:.4f} ({baseline['low']:.4f} to {baseline['high']:.4f})\n"
        f"{_promised(found['privacy']) if 'privacy' in found else ''}"
        f"{out / SCORE}"
    )


def _promised(privacy: Mapping[str, Any]) -> str:
    return (
        f"differential privacy of each of {privacy['examples']:,} training examples: epsilon {privacy['epsilon']:.3f}, "
        f"delta {privacy['delta']:.2g}\n"
    )
