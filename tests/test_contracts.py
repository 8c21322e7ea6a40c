"""The imports go one way."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent


def test_the_import_contracts_hold() -> None:
    command = [str(Path(sys.executable).parent / "lint-imports"), "--no-cache"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "5 kept, 0 broken" in done.stdout


def test_the_root_has_no_python_file() -> None:
    """`dagster dev` puts it on sys.path, and torchrun training/: a file named like a package would hide it."""
    assert not list(ROOT.glob("*.py"))
    taken = set(sys.stdlib_module_names) | {"tokenizers", "torch", "numpy", "tensorboard", "safetensors"}
    assert not taken & {path.stem for path in (ROOT / "training").glob("*.py")}
