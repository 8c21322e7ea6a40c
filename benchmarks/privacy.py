"""Privacy: precision and recall of the masks by kind, on synthetic texts whose personal data is marked.

The texts (presidio-research, MIT) lie outside this repository. They are halved by a hash: the patterns were written
with one half in view, and the other is what to believe. A span is found when all of its letters and digits are covered
by what was found of its kind; what was found is right when it touches a span of its kind.
"""

from __future__ import annotations

import hashlib
import json
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from corpus.privacy import mask as privacy

ROOT = Path(__file__).parent.parent
TEXTS = ROOT.parent / "shared" / "data" / "filters" / "presidio-research"
FILES = ("data/synth_dataset_v2.json", "tests/data/generated_large.json", "tests/data/generated_small.json")
RESULTS = ROOT / "benchmarks" / "results" / "privacy.json"
KINDS = {
    "EMAIL_ADDRESS": "email",
    "PHONE_NUMBER": "phone",
    "IP_ADDRESS": "ip",
    "CREDIT_CARD": "card",
    "IBAN_CODE": "iban",
    "US_SSN": "ssn",
}
HALVES = ("seen", "unseen")


def examples(folder: Path) -> Iterator[tuple[str, str, list[tuple[str, int, int]]]]:
    """(half, text, [(kind, start, stop)]) of every distinct text."""
    seen = set()
    for name in FILES:
        for row in json.loads((folder / name).read_text()):
            text = row["full_text"]
            if text in seen:
                continue
            seen.add(text)
            half = HALVES[int(hashlib.sha256(text.encode()).hexdigest(), 16) % 2]
            spans = [(KINDS.get(s["entity_type"], ""), s["start_position"], s["end_position"]) for s in row["spans"]]
            yield half, text, [span for span in spans if span[0]]


def score(folder: Path, *, show: bool) -> dict[str, Any]:
    counts: dict[str, dict[str, Counter[str]]] = {half: {kind: Counter() for kind in privacy.KINDS} for half in HALVES}
    characters, seconds = 0, 0.0
    for half, text, marked in examples(folder):
        started = time.perf_counter()
        found = privacy.find_identifiers(text)
        seconds += time.perf_counter() - started
        characters += len(text)
        for kind, start, stop in marked:
            covered = {i for span in found if span.kind == kind for i in range(span.start, span.stop)}
            hit = all(i in covered for i in range(start, stop) if text[i].isalnum())
            counts[half][kind]["hit" if hit else "missed"] += 1
            if show and half == "seen" and not hit:
                print(f"missed {kind}: {text[max(0, start - 30) : stop + 15]!r}")
        for span in found:
            right = any(k == span.kind and start < span.stop and span.start < stop for k, start, stop in marked)
            counts[half][span.kind]["right" if right else "wrong"] += 1
            if show and half == "seen" and not right:
                print(f"wrong {span.kind}: {text[max(0, span.start - 30) : span.stop + 15]!r}")
    scores = {half: {kind: _ratios(count) for kind, count in kinds.items() if count} for half, kinds in counts.items()}
    return {"scores": scores, "megabytes_per_second": round(characters / seconds / 1e6, 2)}


def _ratios(count: Counter[str]) -> dict[str, float]:
    marked, found = count["hit"] + count["missed"], count["right"] + count["wrong"]
    return {
        "marked": marked,
        "found": found,
        "recall": round(count["hit"] / max(1, marked), 4),
        "precision": round(count["right"] / max(1, found), 4),
    }


def main() -> int:
    if not TEXTS.is_dir():
        print(f"nothing to measure: {TEXTS} is not there (the texts of presidio-research)")
        return 0
    result = score(TEXTS, show="--show" in sys.argv)
    print(f"{'half':<8}{'kind':<12}{'marked':>8}{'found':>8}{'recall':>8}{'precision':>11}")
    for half, kinds in result["scores"].items():
        for kind, row in kinds.items():
            print(
                f"{half:<8}{kind:<12}{row['marked']:>8}{row['found']:>8}{row['recall']:>8.3f}{row['precision']:>11.3f}"
            )
    print(f"{result['megabytes_per_second']} MB/s")
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(result, indent=2) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
