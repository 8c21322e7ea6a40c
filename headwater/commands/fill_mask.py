"""Fill-mask: the likeliest tokens at hidden places of a text."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING

from headwater.options import CHECKPOINT, add_lake, add_recipe, positive_int
from headwater.terminal import json_line

if TYPE_CHECKING:
    from headwater.mask_filling import Candidate

DESCRIPTION = (
    "Print the likeliest tokens at each <mask> of a text, with their probabilities, by a masked model: a checkpoint of "
    "the families bert, roberta and albert, or a Hugging Face folder of such a model. A token that begins a word has "
    "the space before it."
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("text", metavar="TEXT", help='such as "The capital of France is <mask>."')
    parser.add_argument("--checkpoint", default="latest", metavar="MODEL", help=f"{CHECKPOINT} (default: latest)")
    add_lake(parser)
    add_recipe(parser)
    parser.add_argument(
        "--top", type=positive_int, default=5, metavar="N", help="tokens to show for each mask (default: %(default)s)"
    )


def run(args: argparse.Namespace) -> int:
    """With --json an object for each mask: {"mask": 1, "candidates": [{"token": ..., "probability": ...}, ...]}."""
    from headwater.checkpoints import resolve_checkpoint

    folder = resolve_checkpoint(args.checkpoint, args.lake, args.recipe)
    from headwater.mask_filling import fill_masks

    masks = fill_masks(folder, args.text, args.top)
    for number, candidates in enumerate(masks, 1):
        if args.json:
            print(json_line({"mask": number, "candidates": [asdict(candidate) for candidate in candidates]}))
            continue
        if len(masks) > 1:
            print(f"mask {number}")
        print("\n".join(lines(candidates)))
    return 0


def lines(candidates: list[Candidate]) -> Iterator[str]:
    """In quotes, so that spaces can be seen."""
    for candidate in candidates:
        yield f"  {candidate.probability:.4f}  {json_line(candidate.token)}"
