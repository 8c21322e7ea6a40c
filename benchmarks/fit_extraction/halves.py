"""Halves: where the models lie that are fitted on one half of the pages alone, so that the other can judge them."""

from __future__ import annotations

from pathlib import Path

RESULTS = Path(__file__).resolve().parents[1] / "results"
HALVES = {
    True: RESULTS / "extraction_tuned_on.npz",
    False: RESULTS / "extraction_held_back.npz",
}  # by GoldPage.tuned_on
