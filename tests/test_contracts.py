"""The imports go one way."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import packages_distributions
from pathlib import Path

ROOT = Path(__file__).parent.parent


def test_the_import_contracts_hold() -> None:
    command = [str(Path(sys.executable).parent / "lint-imports"), "--no-cache"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "7 kept, 0 broken" in done.stdout


HIDDEN = {"benchmarks"}  # opacus brings a folder of this name along, which nothing of it imports


def test_the_root_has_no_python_file() -> None:
    """`dagster dev` puts the root on sys.path, and torchrun training/: what is named like a package would hide it."""
    assert not list(ROOT.glob("*.py"))
    installed = {name for name, owners in packages_distributions().items() if set(owners) != {"headwater"}}
    for folder in (ROOT, ROOT / "training"):
        names = {path.stem for path in folder.iterdir() if path.suffix == ".py" or (path / "__init__.py").is_file()}
        assert not names & (installed - HIDDEN | sys.stdlib_module_names), folder
