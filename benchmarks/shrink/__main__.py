"""What shrinking a model costs and gains: `make bench-shrink`. Makes what is missing, and measures all of it."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from benchmarks.dedup.contestants import BENCHMARKS
from benchmarks.machine import machine
from benchmarks.shrink.page import TABLE, page
from benchmarks.shrink.variants import BASE, ROOT, make_all
from training.compress.exporting import export

STORED, FOLDER = BENCHMARKS / "results" / "shrink.json", ROOT / "build" / "shrink"
FILES = {
    "GGUF, f32": ("gguf", "f32"),
    "GGUF, f16": ("gguf", "f16"),
    "GGUF, q8_0": ("gguf", "q8_0"),
    "ONNX": ("onnx", ""),
}


def measure(place: Path, folder: Path) -> dict[str, Any]:
    command = [sys.executable, "-m", "benchmarks.shrink.measure", str(place), str(folder)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, cwd=ROOT, env=environment, check=True, capture_output=True, text=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tokens", type=int, default=400_000, help="of training (default: %(default)s)")
    parser.add_argument("--folder", type=Path, default=FOLDER, help="(default: %(default)s)")
    args = parser.parse_args()
    host = machine()
    made = make_all(args.folder, args.tokens)
    models = {name: measure(place, args.folder) for name, place in made.items()}
    files = {}
    for name, (form, kind) in FILES.items():
        path = args.folder / f"model-{kind}.{form}"
        path.unlink(missing_ok=True)
        exported = export(str(made[BASE]), path, form, kind)
        files[name] = {"bytes": exported.bytes, "difference": exported.difference}
    host["load_after"] = os.getloadavg()[0]
    found = {"tokens": args.tokens, "machine": host, "models": models, "files": files}
    STORED.write_text(json.dumps(found) + "\n")
    TABLE.write_text(page(found))


if __name__ == "__main__":
    main()
