"""Generate: continues prompts with a trained model."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from headwater.options import CHECKPOINT, add_lake, add_recipe
from headwater.terminal import json_line, printable
from training.inference.flags import add_flags, read_sampling

if TYPE_CHECKING:
    from headwater.text_generation import TextSource

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
    """Which model, and how it continues a text."""
    parser.add_argument("--checkpoint", default="latest", metavar="MODEL", help=f"{CHECKPOINT} (default: latest)")
    add_lake(parser)
    add_recipe(parser)
    add_flags(parser)


def run(args: argparse.Namespace) -> int:
    """With --json an object for each prompt: {"prompt": ..., "text": ...}."""
    source, settings = load_source(args)
    for prompt in args.prompt:
        prompt = sys.stdin.read() if prompt == "-" else prompt
        if args.json:
            print(json_line({"prompt": prompt, "text": "".join(source.stream(prompt, **settings))}), flush=True)
            continue
        print(printable(prompt), end="", flush=True)
        print_pieces(source.stream(prompt, **settings))
    return 0


def load_source(args: argparse.Namespace) -> tuple[TextSource, dict[str, Any]]:
    """The model, and how it is asked. Settings that cannot be are refused before the model is loaded."""
    from headwater.checkpoints import resolve_checkpoint

    folder: Path = resolve_checkpoint(args.checkpoint, args.lake, args.recipe)
    from headwater.text_generation import load_text_source

    settings = {"max_tokens": args.max_tokens, "sampling": read_sampling(args)}
    return load_text_source(folder, args.threads), settings


def print_pieces(pieces: Iterable[str]) -> str:
    """Prints them one by one, then a line end; returns the whole text."""
    text = ""
    for piece in pieces:
        text += piece
        print(printable(piece), end="", flush=True)
    print(flush=True)
    return text
