"""Headwater: what people type and import.

    import headwater
    lake = headwater.open(".headwater")      # headwater.lake_reader.LakeReader: datasets, documents, scores, trace, ...
    found = headwater.ablate("demo", {"clean.rules.duplicate_lines.maximum": 0.4})      # and the rest of __all__

`cli` is the table of commands, one module each in `commands/`; what they print is made by the modules beside it.
Nothing heavy is imported before it is used.
"""

from __future__ import annotations

import os
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from headwater.actions import (
        ablate,
        collect,
        compare,
        find_holdings,
        find_unneeded,
        fit_selection,
        forecast_ablation,
        forget,
        rebuild,
        run,
        tune,
    )
    from headwater.lake_reader import LakeReader
    from headwater.model_actions import (
        fill_mask,
        load_finetuned,
        make_baseline,
        measure_risks,
        nearest,
        score_vectors,
        shrink,
        train_vectors,
    )

__all__ = [
    "ablate",
    "collect",
    "compare",
    "fill_mask",
    "find_holdings",
    "find_unneeded",
    "fit_selection",
    "forecast_ablation",
    "forget",
    "load_finetuned",
    "make_baseline",
    "measure_risks",
    "nearest",
    "open",
    "rebuild",
    "run",
    "score_vectors",
    "shrink",
    "train_vectors",
    "tune",
]
MODELS = (
    "fill_mask",
    "load_finetuned",
    "make_baseline",
    "measure_risks",
    "nearest",
    "score_vectors",
    "shrink",
    "train_vectors",
)


def open(url: str | os.PathLike[str] = ".headwater", recipe: str | None = None) -> LakeReader:  # noqa: A001 - headwater.open
    """Opens the lake at a path or fsspec URL for reading, as `recipe` sees it, or the only recipe that it holds.

    Raises FileNotFoundError where there is no lake, ValueError naming the recipes where one has to be chosen.
    """
    from headwater.lake_reader import LakeReader

    return LakeReader(os.fspath(url), recipe)


def __getattr__(name: str) -> Any:
    if name in __all__:
        module = "headwater.model_actions" if name in MODELS else "headwater.actions"
        return getattr(import_module(module), name)
    if name == "__version__":
        from importlib.metadata import version

        return version("headwater")
    raise AttributeError(f"module 'headwater' has no attribute {name!r}")
