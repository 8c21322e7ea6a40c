"""What adversarial training brings on clean and on changed text: `make bench-adversarial`.

Fine-tunes the encoder of `make bench-finetuning` on SST-2 with and without it, several seeds each, and classifies the
test sentences as they are and as training/risks/perturbations.py writes them. Makes what is missing.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.dedup.contestants import BENCHMARKS
from benchmarks.finetuning.sentences import FOLDER, finetune_sentences, read_sentences
from training.finetuning.finished import load_finetuned
from training.finetuning.plan import FinetunePlan
from training.risks.perturbations import PERTURBATIONS, perturb

STORED = BENCHMARKS / "results" / "adversarial.json"
CLEAN = "as they are"
Right = Mapping[str, Sequence[float]]  # by form of the text: of each test sentence 1 where the label is right


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.adversarial", description=__doc__)
    parser.add_argument("--norms", type=float, nargs="+", default=[0.02, 0.1], help="(default: %(default)s)")
    parser.add_argument("--seeds", type=int, default=3, help="(default: %(default)s)")
    parser.add_argument("--folder", type=Path, default=FOLDER, help="runs (default: %(default)s)")
    args = parser.parse_args()
    runs = {norm: [run(args.folder, norm, seed) for seed in range(args.seeds)] for norm in (0.0, *args.norms)}
    STORED.write_text(json.dumps({str(norm): found for norm, found in runs.items()}) + "\n")
    print(table(runs))


def run(folder: Path, norm: float, seed: int) -> Right:
    plan = FinetunePlan(
        task="classification", epochs=4, batch=32, learning_rate=1e-3, adversarial=norm, seed=seed, threads=1
    )
    model = load_finetuned(finetune_sentences(folder, plan), batch=64)
    examples = read_sentences("test")
    texts = [str(example["text"]) for example in examples]
    forms = {CLEAN: texts, **{name: perturb(texts, how) for name, how in PERTURBATIONS.items()}}
    labels = [str(example["label"]) for example in examples]
    found = {}
    for name, written in forms.items():
        said = model.predict([{"text": text} for text in written])
        found[name] = [float(one["label"] == label) for one, label in zip(said, labels, strict=True)]
    return found


def table(runs: Mapping[float, Sequence[Right]]) -> str:
    """Accuracy, the mean over seeds and their standard deviation; and the difference to training without, paired by
    seed."""
    lines = [
        f"| text | {' | '.join(f'norm {norm:g}' if norm else 'without' for norm in runs)} |",
        "|---" * (1 + len(runs)) + "|",
    ]
    for name in (CLEAN, *PERTURBATIONS):
        accuracies = {norm: np.array([np.mean(one[name]) for one in seeds]) for norm, seeds in runs.items()}
        cells = [_cell(accuracies[norm], accuracies[0.0] if norm else None) for norm in runs]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _cell(accuracies: np.ndarray[Any, Any], plain: np.ndarray[Any, Any] | None) -> str:
    said = f"{accuracies.mean():.3f} (sd {accuracies.std(ddof=1):.3f})"
    return said if plain is None else f"{said}, {(accuracies - plain).mean():+.3f}"


if __name__ == "__main__":
    main()
