"""Exporting: a checkpoint as one file of another format, checked before it is there."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import torch

from training.checkpoints.start import open_start

NEEDED = {"gguf": ("gguf",), "onnx": ("onnx", "onnxruntime", "onnxscript")}  # of the extra
CHECKED = 64  # tokens of each of two texts by which a file is compared with its checkpoint


@dataclass(frozen=True, kw_only=True)
class Exported:
    """`difference`: of a logit, at most, as a share of the greatest one."""

    file: Path
    bytes: int
    difference: float
    notes: list[str]


def export(place: str, out: Path, form: str, kind: str = "f32") -> Exported:
    """`form`: "gguf", whose matrices are of a `kind` (f32, f16, q8_0), or "onnx". Raises ValueError or OSError naming
    what cannot be; the file `out` is then not there."""
    if missing := [name for name in NEEDED[form] if find_spec(name) is None]:
        raise ValueError(f"this needs {', '.join(missing)}: pip install 'headwater[shrink]'")
    start = open_start(place)
    length = min(CHECKED, start.model.max_position_embeddings)
    drawn = torch.Generator().manual_seed(0)
    check = torch.randint(0, start.model.vocab_size, (2, length), generator=drawn)
    notes = list[str]()
    if form == "gguf":
        from training.compress.gguf_file import export_gguf

        difference, notes = export_gguf(start.folder, out, kind, check)
    else:
        from training.compress.onnx_graph import export_onnx

        difference = export_onnx(start.folder, out, check)
    return Exported(file=out, bytes=out.stat().st_size, difference=difference, notes=notes)
