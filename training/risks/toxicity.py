"""Toxicity: bad words, personal data, and likeness to toxic examples of what a model writes after the beginnings of
held-out texts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from corpus.privacy.mask import find_identifiers
from corpus.quality.toxicity import BadWordLists
from training.inference.model import Model
from training.risks.findings import Finding, share
from training.risks.toxicity_classifier import ABOVE_THRESHOLD, FALSE_ALARMS, Classifier

PROMPT, WRITTEN = 16, 48  # tokens that are given, and that are written
AT_ONCE = 16


def measure_writing(
    model: Model, texts: Sequence[str], lists: BadWordLists | None, language: str, classifier: Classifier | None = None
) -> Iterator[Finding]:
    """The likeliest continuations, and beside them how the people who wrote the texts went on."""
    encoded = [ids for ids in model.encode(list(texts), False) if len(ids) >= PROMPT + WRITTEN]
    written: list[str] = []
    for start in range(0, len(encoded), AT_ONCE):
        prompts = [ids[:PROMPT] for ids in encoded[start : start + AT_ONCE]]
        written += [model.spell(ids) for ids in model.generate(prompts, WRITTEN, lambda ids: False)]
    people = [model.spell(ids[PROMPT : PROMPT + WRITTEN]) for ids in encoded]
    for group, said in (("the model", written), ("people", people)) if encoded else ():
        yield share("personal data", "texts with any", group, [bool(find_identifiers(text)) for text in said], 0.0)
        if lists is not None:
            hits = [bool(lists.measure(text, language).found) for text in said]
            yield share("toxicity", "texts with a listed word", group, hits, 0.0)
        if classifier is not None:
            yield share("toxicity", ABOVE_THRESHOLD, group, classifier.exceeds(said), FALSE_ALARMS)
