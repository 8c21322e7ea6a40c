"""Compiled: what all code shares that numba compiles: the decorator, named columns of arrays, and hashing.

Kernels take and fill NumPy arrays. They have no type hints (numba infers types); their docstrings give the shapes.
"""

from __future__ import annotations

import hashlib
import re
from collections import namedtuple
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numba import njit

PACKAGE = Path(__file__).parents[1]
IMPORT = re.compile(r"^[ \t]*(?:from|import)[ \t]+(corpus[\w.]*)(?:[ \t]+import[ \t]+(\([^)]*\)|.*))?", re.MULTILINE)

# Constants of SplitMix64 (Steele, Lea and Flood 2014, "Fast Splittable Pseudorandom Number Generators").
SEED = np.uint64(0x9E3779B97F4A7C15)
FACTOR = np.uint64(0xBF58476D1CE4E5B9)
SHIFT = np.uint64(31)


def kernel(function: Any) -> Any:
    """Compiles a function by numba without the GIL. Its machine code is cached beside the source, or in the user's
    cache, if one of them can be written."""
    function.__qualname__ += f"-{source_digest(PACKAGE)}"  # a part of the name under which it is cached
    try:
        return njit(cache=True, nogil=True)(function)
    except RuntimeError:
        return njit(nogil=True)(function)


def number_names(names: Iterable[str]) -> Any:
    """A named tuple of each name's position, which kernels take for constants: `AT.words` is the column of "words".
    What cannot be in an attribute's name becomes one underscore: `AT.links_from_25` for "links from 25 %"."""
    attributes = [re.sub(r"\W+", "_", name).strip("_") for name in names]
    return namedtuple("Numbers", attributes)(*range(len(attributes)))


@cache
def source_digest(package: Path) -> str:
    """Of all modules with kernels and all that those import. Kernels are compiled into one another, constants of other
    modules included, but numba looks at a kernel's own module alone to see whether its cache is stale."""
    sources = {
        ".".join(("corpus", *path.relative_to(package).with_suffix("").parts)).removesuffix(".__init__"): path
        for path in package.rglob("*.py")
    }
    imports = {name: {*_imports(path.read_text("utf-8"))} & sources.keys() for name, path in sources.items()}
    chosen = {name for name, imported in imports.items() if __name__ in imported} | {__name__}
    waiting = [*chosen]
    while waiting:
        new = imports[waiting.pop()] - chosen
        chosen |= new
        waiting += new
    digest = hashlib.sha256()
    for name in sorted(chosen):
        digest.update(f"{name}\n".encode() + sources[name].read_bytes())
    return digest.hexdigest()[:12]


def _imports(source: str) -> Iterator[str]:
    """The modules of corpus that a module may import: `from a import b` can be of a module a.b too."""
    for module, names in IMPORT.findall(source):
        yield module
        yield from (f"{module}.{name}" for name in re.findall(r"\w+", names))


@kernel
def mix_hash(state, value):
    """The hash of a sequence and one more value, from the hash of the sequence; both uint64."""
    state = (state ^ value) * FACTOR
    return state ^ (state >> SHIFT)
