"""Measuring: every risk that the given files allow, of one model; `python -m training.risks.measuring` from a process
of its own.

RISKS.json: {"checkpoint": digest, "findings": [...]}
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from corpus.lake.manifest import canonical_json
from corpus.quality.toxicity import BadWordLists
from training.checkpoints.checkpoint import find_checkpoint, is_ours
from training.distributed.device import require_determinism
from training.inference.loading import load_any, model_digest
from training.inference.masked import MaskedScorer
from training.risks.bias import measure_bias
from training.risks.canaries import measure_canaries, read_canaries
from training.risks.findings import Finding, as_rows
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


def measure_model(
    folder: Path, seen: Sequence[str], unseen: Sequence[str], tests: Tests, say: Callable[[str], None]
) -> Iterator[Finding]:
    """`seen`: texts that the model was trained on, `unseen`: of the same kind, that it was not. Raises ValueError or
    FileNotFoundError where a file is not what it should be, before anything is asked."""
    lists = BadWordLists(tests.bad_words) if tests.bad_words else None
    canaries = read_canaries(tests.canaries) if tests.canaries else []
    model = load_any(folder, torch.device("cpu")).model
    if isinstance(model, MaskedScorer):
        raise ValueError(f"{folder}: risks are those of models that write text; this one fills hidden tokens")
    say("robustness")
    yield from measure_robustness(model, unseen)
    say("memorisation and membership")
    yield from measure_memorisation(model, seen, unseen)
    yield from measure_membership(model, seen, unseen)
    say("what it writes")
    yield from measure_writing(model, unseen, lists, tests.language)
    if canaries:
        say("canaries")
        yield from measure_canaries(model, canaries)
    if tests.bias:
        say("bias")
        yield from measure_bias(model, tests.bias)


def digest_of(folder: Path) -> str:
    return model_digest(find_checkpoint(folder) if is_ours(folder) else folder)


def write_findings(findings: Sequence[Finding], digest: str, path: Path) -> None:
    path.write_bytes(canonical_json({"checkpoint": digest, "findings": as_rows(findings)}) + b"\n")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m training.risks.measuring", description=__doc__)
    parser.add_argument("--checkpoint", type=Path, required=True)
    parser.add_argument("--texts", type=Path, required=True, help='a file: {"seen": [...], "unseen": [...]}')
    parser.add_argument("--out", type=Path, required=True, help="RISKS.json")
    parser.add_argument("--bias", type=Path)
    parser.add_argument("--bad-words")
    parser.add_argument("--language", default="en")
    parser.add_argument("--canaries", type=Path)
    parser.add_argument("--threads", type=int, default=2)
    args = parser.parse_args()
    require_determinism(args.threads)
    texts = json.loads(args.texts.read_bytes())
    tests = Tests(bias=args.bias, bad_words=args.bad_words, language=args.language, canaries=args.canaries)
    found = measure_model(args.checkpoint, texts["seen"], texts["unseen"], tests, print)
    write_findings(list(found), digest_of(args.checkpoint), args.out)


if __name__ == "__main__":
    main()
