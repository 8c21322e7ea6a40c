"""A GPU machine has torch, numpy, pyarrow, safetensors and tokenizers: training asks for no more."""

import subprocess
import sys

from small_corpus import ROOT

# What the five need is there too, but for what tokenizers needs to download one.
CODE = """
import re, sys
from importlib.metadata import packages_distributions, requires

def needed(name, found):
    name = re.match("[A-Za-z0-9._-]+", name)[0].lower().replace("_", "-")
    if name not in found:
        found.add(name)
        for one in requires(name) or ():
            if ";" not in one:
                needed(one, found)
    return found

there = {"tokenizers", "headwater"}
for name in ("torch", "numpy", "pyarrow", "safetensors"):
    needed(name, there)
for package, owners in packages_distributions().items():
    # Ours, though opacus brings a folder of this name along.
    if package != "benchmarks" and not there & {owner.lower().replace("_", "-") for owner in owners}:
        sys.modules[package] = None
import benchmarks.gpu, training.inference.generate, training.run.trainer
"""


def test_a_run_needs_five_packages() -> None:
    done = subprocess.run([sys.executable, "-c", CODE], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
