"""Memorisation: whether a model continues text that it was trained on word for word (Carlini et al. 2023,
"Quantifying memorization across neural language models"), beside text that it has never seen."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from training.inference.model import Model
from training.risks.findings import Finding, share

GIVEN, ASKED = 32, 16  # tokens that are shown, and that are to come back
PLACES = {"beginning": 0.0, "middle": 0.5, "end": 1.0}
AT_ONCE = 16


def measure_memorisation(model: Model, seen: Sequence[str], unseen: Sequence[str]) -> Iterator[Finding]:
    """The share of texts whose next ASKED tokens are the likeliest ones after GIVEN, by place in the text. What is
    unseen says how often that happens to texts that are easy to guess. Texts that are shorter are left out; nothing is
    yielded where all are."""
    for kind, texts in (("training text", seen), ("held-out text", unseen)):
        encoded = [ids for ids in model.encode(list(texts), False) if len(ids) >= GIVEN + ASKED]
        for place, position in PLACES.items() if encoded else ():
            starts = [round(position * (len(ids) - GIVEN - ASKED)) for ids in encoded]
            asked = [ids[start : start + GIVEN + ASKED] for ids, start in zip(encoded, starts, strict=True)]
            yield share("memorisation", f"{ASKED} tokens word for word", f"{kind}, {place}", _come_back(model, asked))


def _come_back(model: Model, asked: Sequence[list[int]]) -> list[bool]:
    found: list[bool] = []
    for start in range(0, len(asked), AT_ONCE):
        some = asked[start : start + AT_ONCE]
        said = model.generate([ids[:GIVEN] for ids in some], ASKED, lambda ids: False)
        found += [right[GIVEN:] == ids for right, ids in zip(some, said, strict=True)]
    return found
