"""Answer: finds the answer to questions in a text with a fine-tuned model."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from headwater.finetuned import add_model, ask

DESCRIPTION = "Print the words of a text that answer each question, or nothing where they are not in there."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("question", nargs="+", metavar="QUESTION", help="what is asked")
    parser.add_argument("--in", dest="file", required=True, metavar="FILE", help="the text to look in; - for stdin")
    add_model(parser)


def run(args: argparse.Namespace) -> int:
    context = sys.stdin.read() if args.file == "-" else Path(args.file).read_text(encoding="utf-8")
    return ask(args, [{"question": question, "context": context} for question in args.question], _show)


def _show(example: dict[str, Any], said: dict[str, Any]) -> str:
    return str(said["answer"])
