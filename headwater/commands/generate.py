"""Generate: continues prompts with a trained model."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from headwater.options import CHECKPOINT, add_lake, add_recipe, positive_int
from headwater.terminal import json_line, printable

if TYPE_CHECKING:
    from headwater.text_generation import TextSource

SETTINGS = ("max_tokens", "temperature", "top_k", "top_p", "seed")
DESCRIPTION = (
    "Print each prompt with its continuation, as it is drawn. A model continues a text as its training pages go on; it "
    "was not trained to answer questions."
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--prompt", action="append", required=True, metavar="TEXT", help="text to continue; repeatable; - for stdin"
    )
    add_model_options(parser)


def add_model_options(parser: argparse.ArgumentParser) -> None:
    """Which model, and how it draws."""
    parser.add_argument("--checkpoint", default="latest", metavar="MODEL", help=f"{CHECKPOINT} (default: latest)")
    add_lake(parser)
    add_recipe(parser)
    parser.add_argument(
        "--max-tokens", type=positive_int, default=100, metavar="N", help="maximum length of a continuation (100)"
    )
    parser.add_argument(
        "--temperature",
        type=float,
        default=0.8,
        metavar="T",
        help="below 1 sharpens the probabilities; 0 takes the likeliest token (0.8)",
    )
    parser.add_argument(
        "--top-k", type=int, default=50, metavar="K", help="draw among the K likeliest tokens; 0 for no limit (50)"
    )
    parser.add_argument(
        "--top-p",
        type=float,
        default=1.0,
        metavar="P",
        help="draw among the fewest tokens whose probabilities add up to P (1)",
    )
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="of the random draws (0)")
    parser.add_argument(
        "--threads", type=positive_int, default=2, metavar="N", help="CPU threads; may change a text by rounding (2)"
    )


def run(args: argparse.Namespace) -> int:
    """With --json an object for each prompt: {"prompt": ..., "text": ...}."""
    source = load_source(args)
    for prompt in args.prompt:
        prompt = sys.stdin.read() if prompt == "-" else prompt
        if args.json:
            print(json_line({"prompt": prompt, "text": "".join(source.stream(prompt, **settings(args)))}), flush=True)
            continue
        print(printable(prompt), end="", flush=True)
        print_stream(source, prompt, settings(args))
    return 0


def load_source(args: argparse.Namespace) -> TextSource:
    """Settings that cannot be are refused before the model is loaded."""
    from headwater.checkpoints import resolve_checkpoint

    folder: Path = resolve_checkpoint(args.checkpoint, args.lake, args.recipe)
    from headwater.text_generation import check_settings, load_text_source

    check_settings(**{name: value for name, value in settings(args).items() if name != "max_tokens"})
    return load_text_source(folder, args.threads)


def settings(args: argparse.Namespace) -> dict[str, Any]:
    return {name: getattr(args, name) for name in SETTINGS}


def print_stream(source: TextSource, prompt: str, settings: dict[str, Any]) -> str:
    """Prints the continuation piece by piece, then a line end; returns it."""
    text = ""
    for piece in source.stream(prompt, **settings):
        text += piece
        print(printable(piece), end="", flush=True)
    print(flush=True)
    return text
