"""`make bench-tune`: the best learning rate at four widths, with Muon and AdamW, with rates as they are and scaled."""

from __future__ import annotations

import argparse
import json
import math
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.machine import machine
from benchmarks.train.tokens import make
from benchmarks.tuning.runs import BASE, BATCH, CONTEXT, LAYERS, OPTIMIZERS, PLAIN, RATES, SCALED, WIDTHS, train

HERE = Path(__file__).resolve().parent
RESULT, DOCS = HERE.parent / "results" / "tuning.json", HERE.parents[1] / "docs" / "tuning-measured.md"

ABOUT = """# Learning rates and widths, measured

`make bench-tune`: models of {layers} layers and four widths, each trained on {tokens:,} tokens (docstrings of Python's
standard library, {steps} steps of {batch} sequences of {context}) with {rates} learning rates, one seed each; held-out
loss in nats a token. The best rate is where a parabola through the lowest loss and its neighbours is lowest.

"As the trainer has it": one rate for all parameters, and initial weights that shrink with the root of the width. The
other: hidden matrices have a share of the rate, {base} / width with AdamW (Yang et al. 2022), the root of it with Muon,
whose updates have a spectral norm of 0.2 sqrt(width) (Yang et al. 2023); at width {base} both are one. Embeddings,
which are the head too, have the whole rate. Initial weights are the same in both.

"""


def measure(steps: int) -> dict[str, Any]:
    host, found = machine(), []
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        counts = make(work)
        for optimizer in OPTIMIZERS:
            for scaled in (False, True):
                for width in WIDTHS:
                    if scaled and width == BASE:
                        continue  # as it is
                    losses = [
                        train(
                            work, work / f"{optimizer}-{scaled}-{width}-{rate}", width, optimizer, rate, scaled, steps
                        )
                        for rate in RATES
                    ]
                    found.append(
                        {
                            "optimizer": optimizer,
                            "scaled": scaled,
                            "width": width,
                            "losses": [loss if math.isfinite(loss) else None for loss in losses],
                        }
                    )
                    print(found[-1], flush=True)
    return {"machine": host, "tokens": counts, "steps": steps, "rates": RATES, "found": found}


def best_rate(rates: list[float], losses: list[float]) -> float:
    """Where a parabola through the lowest loss and its neighbours, over the logarithm of the rate, is lowest; an end of
    the range where that is the lowest."""
    place = int(np.argmin(losses))
    around = slice(place - 1, place + 2)
    if place in (0, len(rates) - 1) or not all(map(math.isfinite, losses[around])):
        return rates[place]
    a, b, _ = np.polyfit(np.log2(rates[around]), losses[around], 2)
    return float(2 ** (-b / (2 * a)))


def finite_or_infinite(losses: list[float | None]) -> list[float]:
    """JSON has null for a run that diverged."""
    return [math.inf if loss is None else loss for loss in losses]


def page(result: dict[str, Any]) -> str:
    rates = result["rates"]
    text = ABOUT.format(
        layers=LAYERS,
        tokens=result["steps"] * BATCH * CONTEXT,
        steps=result["steps"],
        batch=BATCH,
        context=CONTEXT,
        rates=len(rates),
        base=BASE,
    )
    for optimizer in OPTIMIZERS:
        columns = " | ".join(f"{rate:.1e}" for rate in rates)
        text += f"## {optimizer}\n\n| rates | width | best rate | loss there | {columns} |\n"
        text += "|---" * (4 + len(rates)) + "|\n"
        for one in (one for one in result["found"] if one["optimizer"] == optimizer):
            losses = finite_or_infinite(one["losses"])
            shown = " | ".join(f"{loss:.3f}" if math.isfinite(loss) else "diverged" for loss in losses)
            name = SCALED if one["scaled"] else PLAIN
            text += f"| {name} | {one['width']} | {best_rate(rates, losses):.1e} | {min(losses):.3f} | {shown} |\n"
        text += f"\n{summary(result, optimizer)}\n\n"
    host = result["machine"]
    return f"{text}One thread of {host['model']}, Python {host['python']}: losses, which no other program changes.\n"


def summary(result: dict[str, Any], optimizer: str) -> str:
    """How far the best rate moves from the narrowest to the widest."""
    best = {
        (one["scaled"], one["width"]): best_rate(result["rates"], finite_or_infinite(one["losses"]))
        for one in result["found"]
        if one["optimizer"] == optimizer
    }
    first, last = WIDTHS[0], WIDTHS[-1]
    plain, scaled = (best[way, last] / best[way, first] for way in (False, True))
    return (
        f"From width {first} to {last} the best rate changes by a factor of {plain:.2f} as the trainer has it, and of "
        f"{scaled:.2f} with scaled rates."
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=40, help="of each run (default: %(default)s)")
    parser.add_argument("--page", action="store_true", help="only write the page, from the figures that are there")
    args = parser.parse_args()
    if not args.page:
        RESULT.write_text(json.dumps(measure(args.steps), indent=1) + "\n")
    DOCS.write_text(page(json.loads(RESULT.read_text())))


if __name__ == "__main__":
    main()
