"""What differential privacy costs a classifier: `make bench-private`.

Fine-tunes the encoder of `make bench-finetuning` on SST-2 at several epsilons, and without privacy at the same batches
and epochs. Makes what is missing.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from benchmarks.dedup.contestants import BENCHMARKS
from benchmarks.finetuning.sentences import FOLDER, finetune_sentences, read_score
from training.finetuning.plan import FinetunePlan

STORED = BENCHMARKS / "results" / "private.json"
KEPT = ("score", "n", "privacy", "examples", "beside")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.private_finetuning", description=__doc__)
    parser.add_argument("--epsilons", type=float, nargs="+", default=[1, 3, 8], help="(default: %(default)s)")
    parser.add_argument("--epochs", type=int, default=8, help="(default: %(default)s)")
    parser.add_argument("--batch", type=int, default=256, help="(default: %(default)s)")
    parser.add_argument("--learning-rate", type=float, default=2e-3, help="(default: %(default)s)")
    parser.add_argument("--folder", type=Path, default=FOLDER, help="runs (default: %(default)s)")
    args = parser.parse_args()
    found: dict[str, Any] = {}
    for epsilon in (*args.epsilons, 0.0):
        plan = FinetunePlan(
            task="classification",
            epochs=args.epochs,
            batch=args.batch,
            learning_rate=args.learning_rate,
            private_epsilon=epsilon,
            threads=1,
        )
        score = read_score(finetune_sentences(args.folder, plan))
        found[f"{epsilon:g}" if epsilon else "none"] = {name: score[name] for name in KEPT if name in score}
    STORED.write_text(json.dumps(found) + "\n")
    print(table(found))


def table(found: dict[str, Any]) -> str:
    lines = ["| epsilon | noise multiplier | accuracy |", "|---|---|---|"]
    for name, one in found.items():
        noise, score = one.get("privacy", {}).get("noise_multiplier"), one["score"]
        cells = (
            name,
            f"{noise:.2f}" if noise else "",
            f"{score['value']:.3f} ({score['low']:.3f} to {score['high']:.3f})",
        )
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
