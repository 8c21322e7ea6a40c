"""Shrink: makes a trained model small."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from pathlib import Path

from headwater.options import CHECKPOINT, add_lake, add_recipe, positive_int
from headwater.terminal import json_line

DESCRIPTION = (
    "Make a smaller model of a trained one: fewer layers or heads, weights set to zero, or weights in 8 or 4 bits, in "
    "this order where several are given; with --tokens it is trained further in between. Writes the folder DIR, which "
    "every command takes as a checkpoint; the one that it was made of stays."
)

SETTINGS = (
    *("layers", "heads", "prune", "bits", "group", "dynamic", "calibration_tokens", "shards", "heldout", "tokens"),
    *("learning_rate", "temperature", "hard_weight", "threads", "recipe", "lake"),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("checkpoint", metavar="CHECKPOINT", help=CHECKPOINT)
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="new folder for the smaller model")
    parser.add_argument("--layers", type=positive_int, default=0, metavar="N", help="keep N layers")
    parser.add_argument(
        "--heads", type=positive_int, default=0, metavar="N", help="keep N attention heads of each layer"
    )
    parser.add_argument(
        "--prune", type=float, default=0.0, metavar="SHARE", help="set this share of each matrix's weights to zero"
    )
    bits = parser.add_mutually_exclusive_group()
    bits.add_argument("--int8", dest="bits", action="store_const", const=8, default=0, help="weights in 8 bits")
    bits.add_argument("--int4", dest="bits", action="store_const", const=4, help="weights in 4 bits")
    parser.add_argument(
        "--dynamic", action="store_true", help="with --int8, compute in integers too: faster on a CPU, less exact"
    )
    parser.add_argument(
        "--group", type=positive_int, default=32, metavar="N", help="with --int4, weights that share a scale (32)"
    )
    further = parser.add_argument_group("text", "What --tokens trains on, and what --int4 and --layers are fitted to.")
    further.add_argument("--shards", metavar="DIR", help="folder of training shards, or its URL")
    further.add_argument("--heldout", metavar="DIR", help="folder of shards for the held-out loss")
    further.add_argument("--tokens", type=positive_int, default=0, metavar="N", help="train further on N tokens")
    further.add_argument("--learning-rate", type=float, default=1e-3, metavar="RATE", help="at its peak (0.001)")
    further.add_argument("--distill", metavar="TEACHER", help="learn the predictions of this checkpoint as well")
    further.add_argument("--temperature", type=float, default=2.0, metavar="T", help="of distillation (2)")
    further.add_argument(
        "--hard-weight", type=float, default=0.5, metavar="W", help="of the text beside the teacher, 0 to 1 (0.5)"
    )
    further.add_argument(
        "--calibration-tokens", type=int, default=32_768, metavar="N", help="to fit to; 0: round to nearest (32,768)"
    )
    parser.add_argument("--threads", type=positive_int, default=2, metavar="N", help="CPU threads (2)")
    add_lake(parser)
    add_recipe(parser)


def run(args: argparse.Namespace) -> int:
    from headwater.model_actions import shrink

    made = shrink(args.checkpoint, args.out, teacher=args.distill, **{name: getattr(args, name) for name in SETTINGS})
    if args.json:
        print(json_line({**asdict(made), "folder": str(made.folder)}))
    else:
        before, after = made.bytes
        print(
            f"{made.folder}: {made.parameters[1]:,} of {made.parameters[0]:,} weights, {after / 1e6:.2f} of "
            f"{before / 1e6:.2f} MB, {8 * after / made.parameters[1]:.2f} bits a weight"
        )
    return 0
