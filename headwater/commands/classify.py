"""Classify: labels texts with a fine-tuned model."""

from __future__ import annotations

import argparse
from typing import Any

from headwater.finetuned import add_model, add_texts, ask, read_texts

DESCRIPTION = (
    "Print the label of each text, how likely it is, and the text; or, by a model of numbers, the number. With --json "
    "the probability of every label."
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_texts(parser)
    parser.add_argument("--pair", metavar="TEXT", help="the second text, for a model of pairs")
    add_model(parser)


def run(args: argparse.Namespace) -> int:
    pair = {} if args.pair is None else {"pair": args.pair}
    return ask(args, [{"text": text, **pair} for text in read_texts(args)], _show)


def _show(example: dict[str, Any], said: dict[str, Any]) -> str:
    if "score" in said:
        return f"{said['score']:.3f}\t{example['text']}"
    return f"{said['label']}\t{said['probabilities'][said['label']]:.3f}\t{example['text']}"
