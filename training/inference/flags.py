"""Flags of `headwater generate` and `headwater chat`, apart from what runs them, so that a help text needs no torch."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from training.inference.sampling import Sampling


def positive_int(text: str) -> int:
    """Parses an integer of at least 1."""
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"{value}: at least 1 is needed")
    return value


def add_flags(flags: argparse.ArgumentParser) -> None:
    """How long a continuation is, how its tokens are chosen, and on how many threads."""
    flags.add_argument(
        "--max-tokens", type=positive_int, default=100, metavar="N", help="maximum length of a continuation (100)"
    )
    flags.add_argument(
        "--temperature",
        type=float,
        default=0.8,
        metavar="T",
        help="below 1 sharpens the probabilities; 0 takes the likeliest token (0.8)",
    )
    flags.add_argument(
        "--top-k", type=int, default=50, metavar="K", help="draw among the K likeliest tokens; 0 for no limit (50)"
    )
    flags.add_argument(
        "--top-p",
        type=float,
        default=1.0,
        metavar="P",
        help="draw among the fewest tokens whose probabilities add up to P (1)",
    )
    flags.add_argument(
        "--min-p",
        type=float,
        default=0.0,
        metavar="P",
        help="draw among the tokens at least P times as probable as the likeliest (0)",
    )
    flags.add_argument(
        "--repetition-penalty",
        type=float,
        default=1.0,
        metavar="R",
        help="above 1 makes tokens less likely that the text has already, prompt included (1)",
    )
    flags.add_argument("--seed", type=int, default=0, metavar="N", help="of the random draws (0)")
    flags.add_argument(
        "--beams",
        type=int,
        default=1,
        metavar="N",
        help="search for the likeliest text with N beams and print it at its end; nothing is drawn, so --top-k, "
        "--top-p, --min-p, --seed and a --temperature above 0 are refused beside it (1)",
    )
    flags.add_argument(
        "--threads", type=positive_int, default=2, metavar="N", help="CPU threads; may change a text by rounding (2)"
    )


def read_sampling(args: argparse.Namespace) -> Sampling:
    """The settings that `add_flags` has parsed. Raises ValueError, naming it, for one that cannot be."""
    from dataclasses import fields

    from training.inference.sampling import Sampling

    return Sampling(**{field.name: getattr(args, field.name) for field in fields(Sampling)})
