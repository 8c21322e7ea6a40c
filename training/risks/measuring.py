"""Measuring: every risk that the given files allow, of one model; `python -m training.risks.measuring` from a process
of its own.

RISKS.json: {"checkpoint": digest, "findings": [...]}
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import torch

from corpus.lake.manifest import canonical_json
from corpus.quality.toxicity import BadWordLists
from training.checkpoints.checkpoint import find_checkpoint, is_ours
from training.checkpoints.files import write_atomic
from training.distributed.device import require_determinism
from training.inference.likelihoods import score_texts
from training.inference.loading import load_any, model_digest
from training.inference.masked import MaskedScorer
from training.risks.benchmarks import measure_benchmarks, read_benchmarks
from training.risks.bias import find_tests, measure_bias
from training.risks.canaries import measure_canaries, read_canaries
from training.risks.findings import Finding, as_rows
from training.risks.flags import ITEMS, NAMES, add_flags, parse_benchmarks
from training.risks.membership import measure_membership
from training.risks.memorisation import measure_memorisation
from training.risks.robustness import measure_robustness
from training.risks.texts import ScoredTexts
from training.risks.toxicity import measure_writing
from training.risks.toxicity_classifier import describe_classifier, fit_classifier, read_examples


@dataclass(frozen=True, kw_only=True)
class Tests:
    """What is asked beside texts: `bias`, a folder of published tests; `bad_words`: of lists, and the language of the
    texts; `canaries`: a file of those that were planted; `toxic_examples`: of labelled texts; `benchmarks`: the data of
    tasks by their names, of each of which `items` are asked."""

    bias: Path | None = None
    bad_words: str | None = None
    language: str = "en"
    canaries: Path | None = None
    toxic_examples: Path | None = None
    benchmarks: Mapping[str, Path] = field(default_factory=dict)
    items: int = ITEMS


def measure_model(
    folder: Path, seen: Sequence[str], unseen: Sequence[str], tests: Tests, say: Callable[[str], None]
) -> Iterator[Finding]:
    """`seen`: texts that the model was trained on, `unseen`: of the same kind, that it was not. Raises ValueError or
    FileNotFoundError where a file is not what it should be, before anything is asked."""
    lists = BadWordLists(tests.bad_words) if tests.bad_words else None
    canaries = read_canaries(tests.canaries) if tests.canaries else []
    examples = read_examples(tests.toxic_examples) if tests.toxic_examples else None
    published = find_tests(tests.bias) if tests.bias else {}
    benchmarks = read_benchmarks(tests.benchmarks, tests.items)
    model = load_any(folder, torch.device("cpu")).model
    if isinstance(model, MaskedScorer):
        raise ValueError(f"{folder}: risks are those of models that write text; this one fills hidden tokens")
    say("memorisation and membership")
    yield from measure_memorisation(model, seen, unseen)
    scored = [ScoredTexts(texts=texts, nats=-score_texts(model, texts)) for texts in (seen, unseen)]
    yield from measure_membership(*scored)
    say("robustness")
    yield from measure_robustness(model, scored[1])
    yield from measure_benchmarks(model, benchmarks)
    say("what it writes")
    classifier = fit_classifier(examples) if examples else None
    yield from describe_classifier(classifier) if classifier else ()
    yield from measure_writing(model, unseen, lists, tests.language, classifier)
    if canaries:
        say("canaries")
        yield from measure_canaries(model, canaries)
    if published:
        say("bias")
        yield from measure_bias(model, published)


def digest_of(folder: Path) -> str:
    return model_digest(find_checkpoint(folder) if is_ours(folder) else folder)


def write_findings(findings: Sequence[Finding], digest: str, path: Path) -> None:
    write_atomic(path, canonical_json({"checkpoint": digest, "findings": as_rows(findings)}) + b"\n")


def parser() -> argparse.ArgumentParser:
    flags = argparse.ArgumentParser(prog="python -m training.risks.measuring", description=__doc__)
    flags.add_argument("--checkpoint", type=Path, required=True)
    flags.add_argument("--texts", type=Path, required=True, help='a file: {"seen": [...], "unseen": [...]}')
    flags.add_argument("--out", type=Path, required=True, help="RISKS.json")
    flags.add_argument("--threads", type=int, default=2)
    add_flags(flags)
    return flags


def tests_of(args: argparse.Namespace) -> Tests:
    return Tests(benchmarks=parse_benchmarks(args.benchmark), **{name: getattr(args, name) for name in NAMES})


def main() -> None:
    args = parser().parse_args()
    require_determinism(args.threads)
    texts = json.loads(args.texts.read_bytes())
    found = measure_model(args.checkpoint, texts["seen"], texts["unseen"], tests_of(args), print)
    write_findings(list(found), digest_of(args.checkpoint), args.out)


if __name__ == "__main__":
    main()
