"""Robustness: how many more bits a text takes when it is written with errors, in capitals or with other spaces."""

from __future__ import annotations

from collections.abc import Iterator

from training.inference.likelihoods import score_texts
from training.inference.model import Model
from training.risks.findings import Finding, found
from training.risks.perturbations import PERTURBATIONS, perturb
from training.risks.texts import ScoredTexts
from training.significance.intervals import estimate


def measure_robustness(model: Model, plain: ScoredTexts) -> Iterator[Finding]:
    """The bits of all texts as they are, and how many more they take in each other form, as a share of them. Texts are
    the unit of the interval. What was not changed by a perturbation counts too."""
    for name, how in PERTURBATIONS.items():
        changed = -score_texts(model, perturb(plain.texts, how))
        more = estimate(changed - plain.nats, plain.nats)
        yield found("robustness", "more bits for the same text", name, more, len(plain.texts), 0.0)
