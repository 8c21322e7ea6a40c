"""Export: writes a model as one file for another runtime."""

from __future__ import annotations

import argparse
from pathlib import Path

from headwater.options import CHECKPOINT, add_choice, add_lake, add_recipe
from headwater.terminal import json_line

DESCRIPTION = (
    "Write a model as one file: GGUF, with its tokenizer, for llama.cpp and what is built on it, or ONNX, for ONNX "
    "Runtime. The file is read back, and is there only if it computes what the checkpoint does."
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("checkpoint", metavar="CHECKPOINT", help=CHECKPOINT)
    form = parser.add_mutually_exclusive_group(required=True)
    form.add_argument("--gguf", action="store_true", help="for llama.cpp: qwen3, gpt_bert and gpt2")
    form.add_argument("--onnx", action="store_true", help="for ONNX Runtime: qwen3, gpt_bert and gpt2; float32")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE", help="new file")
    add_choice(parser, "--type", ("f32", "f16", "q8_0"), "of a GGUF file's matrices")
    add_lake(parser)
    add_recipe(parser)


def run(args: argparse.Namespace) -> int:
    from headwater.checkpoints import resolve_checkpoint

    folder = resolve_checkpoint(args.checkpoint, args.lake, args.recipe)
    from training.compress.exporting import export

    made = export(str(folder), args.out, "gguf" if args.gguf else "onnx", args.type)
    if args.json:
        print(
            json_line({"file": str(made.file), "bytes": made.bytes, "difference": made.difference, "notes": made.notes})
        )
        return 0
    print(f"{made.file}: {made.bytes / 1e6:.2f} MB; logits within {made.difference:.1g} of the largest one")
    for note in made.notes:
        print(f"note: {note}")
    return 0
