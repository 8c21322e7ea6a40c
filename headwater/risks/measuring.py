"""Measuring: every risk that the given files allow, of one model."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import torch

from corpus.quality.toxicity import BadWordLists
from headwater.risks.texts import Texts
from training.inference.loading import load_any
from training.inference.masked import MaskedScorer
from training.risks.bias import measure_bias
from training.risks.canaries import measure_canaries, read_canaries
from training.risks.findings import Finding
from training.risks.membership import measure_membership
from training.risks.memorisation import measure_memorisation
from training.risks.robustness import measure_robustness
from training.risks.toxicity import measure_writing


@dataclass(frozen=True, kw_only=True)
class Tests:
    """What is asked beside texts: `bias`, a folder of published tests; `bad_words`: of lists, and the language of the
    texts; `canaries`: a file of those that were planted."""

    bias: Path | None = None
    bad_words: str | None = None
    language: str = "en"
    canaries: Path | None = None


def measure_model(folder: Path, texts: Texts, tests: Tests, say: Callable[[str], None]) -> Iterator[Finding]:
    """Raises FileNotFoundError or ValueError where a file is not what it should be, before anything is asked."""
    lists = BadWordLists(tests.bad_words) if tests.bad_words else None
    canaries = read_canaries(tests.canaries) if tests.canaries else []
    model = load_any(folder, torch.device("cpu")).model
    if isinstance(model, MaskedScorer):
        raise ValueError(f"{folder}: risks are those of models that write text; this one fills hidden tokens")
    say("robustness")
    yield from measure_robustness(model, texts.unseen)
    say("memorisation and membership")
    yield from measure_memorisation(model, texts.seen, texts.unseen)
    yield from measure_membership(model, texts.seen, texts.unseen)
    say("what it writes")
    yield from measure_writing(model, texts.unseen, lists, tests.language)
    if canaries:
        say("canaries")
        yield from measure_canaries(model, canaries)
    if tests.bias:
        say("bias")
        yield from measure_bias(model, tests.bias)
