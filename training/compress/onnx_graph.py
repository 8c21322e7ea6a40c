"""ONNX: a model as a graph of operations, as ONNX Runtime and others run it: tokens in, logits out.

B texts   T tokens   V vocabulary
"""

from __future__ import annotations

import logging
import warnings
from pathlib import Path

import numpy as np
import onnxruntime
import torch
from torch import Tensor, nn

from training.checkpoints.export import read_config, read_floats
from training.compress.published import check_absent, unfinished
from training.models.module import CausalModel

TOLERANCE = 1e-4  # of the greatest logit: how far one may be from the checkpoint's
FAMILIES = ("qwen3", "gpt2")
OPSET = 20
TOKENS, LOGITS = "tokens", "logits"


class _Logits(nn.Module):
    def __init__(self, model: CausalModel) -> None:
        super().__init__()
        self.model = model

    def forward(self, tokens: Tensor) -> Tensor:
        return self.model.logits(tokens)


@torch.no_grad()
def export_onnx(folder: Path, out: Path, check: Tensor) -> float:
    """Writes the file `out`, with float32 weights, and runs it in ONNX Runtime. Its input is `tokens`, int64 [B, T] for
    any B and any T up to the context; its output `logits`, float32 [B, T, V].

    Returns the greatest difference of a logit of `check`, int64 [B, T], from the checkpoint's, as a share of the
    greatest. Raises ValueError where that exceeds TOLERANCE, where the family is another, and where `out`
    is there; the file is then not written.
    """
    check_absent(out)
    config = read_config(folder)
    if config.model_type not in FAMILIES:
        raise ValueError(
            f"a model of the family {config.model_type} cannot be exported as ONNX; those of {', '.join(FAMILIES)} can "
            f"(and of gpt_bert)"
        )
    model = config.build()
    assert isinstance(model, CausalModel)
    model.load_state_dict(read_floats(folder), strict=False)
    graph = _Logits(model.eval())
    batch, length = torch.export.Dim("texts", min=1), torch.export.Dim("length", min=1)
    with unfinished(out) as partial, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the exporter's own libraries
        logging.getLogger("torch.onnx").setLevel(logging.ERROR)
        program = torch.onnx.export(
            graph,
            (check,),
            dynamo=True,
            dynamic_shapes={"tokens": {0: batch, 1: length}},
            input_names=[TOKENS],
            output_names=[LOGITS],
            opset_version=OPSET,
            verbose=False,
        )
        assert program is not None
        program.save(str(partial), external_data=False)
        apart = max(_difference(graph, partial, part) for part in (check, check[:1, : check.shape[1] // 2 + 1]))
        if not apart <= TOLERANCE:
            raise ValueError(f"the ONNX file differs from the checkpoint: logits by {apart:.2g} of the largest one")
        partial.rename(out)
    return apart


def run_onnx(path: Path, tokens: Tensor, threads: int = 1) -> np.ndarray:
    """Logits float32 [B, T, V] of tokens int64 [B, T], by ONNX Runtime on the CPU."""
    found: np.ndarray = open_session(path, threads).run([LOGITS], {TOKENS: tokens.numpy()})[0]
    return found


def open_session(path: Path, threads: int = 1) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def _difference(graph: nn.Module, path: Path, tokens: Tensor) -> float:
    right = graph(tokens)
    return float((right - torch.from_numpy(run_onnx(path, tokens))).abs().max() / right.abs().max())
