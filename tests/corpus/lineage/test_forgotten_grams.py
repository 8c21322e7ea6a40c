"""Forgotten grams: only runs that no other document has are looked for."""

from __future__ import annotations

import pyarrow as pa

from corpus.lineage.forgotten_grams import ForgottenGrams


def test_only_its_own_runs_are_looked_for() -> None:
    words = [f"word{number}" for number in range(30)]
    found = ForgottenGrams([" ".join(words), "too short", "too short"])
    assert (found.texts, found.short, found.all, found.own) == (2, 1, 18, 18)
    found.leave_out(pa.array(["and " + " ".join(words[:14]).upper() + "!"], pa.large_string()))
    assert found.own == 16
